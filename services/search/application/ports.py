"""The ports to the search index; their docstrings are the contract that every engine keeps.

One writer owns an index; any number of readers, in other processes, read it at the same time. The index says itself
how far it is: its progress is stored with it, so that an index that was lost or put back from a backup is filled again
from where it stands.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.search.domain.document import Document
from services.search.domain.query import Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an index is.

    Attributes:
        as_of: every change that the topic held before this moment is in the index; None when nobody knows.
        positions: the next offset of each partition of the topic; what is absent starts at 0.
    """

    as_of: datetime | None = None
    positions: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a hit must be: of one of the grades (none: all), and of a region whose code begins so (empty: all)."""

    grades: tuple[str, ...] = ()
    region_prefix: str = ""

    def allow(self, document: Document) -> bool:
        """Tell whether a document is so."""
        is_of_grade = not self.grades or document.grade in self.grades
        return is_of_grade and document.region_code.startswith(self.region_prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of hits, best first; how many match in all, exact up to 10,000; and how fresh the index is."""

    documents: tuple[Document, ...]
    total: int
    as_of: datetime | None


class SearchReader(Protocol):
    """Reads an index. Every method may be called from many threads.

    Raises DependencyUnavailable while there is no index to read.
    """

    def search(self, query: Query, *, filters: Filters, offset: int, limit: int) -> Found:
        """Return the hits from an offset on.

        A whole code finds its enterprise and nothing else. Of any other text, best first:
        the code; the same name; the same name but for its legal form; names that begin so; names that hold
        every pair of the text; pinyin; initials. When these are fewer than `query.enough`, names that hold at least
        60 % of the telling pairs, or all the sounds, follow, most alike first.
        """
        ...

    def suggest(self, query: Query, *, limit: int) -> Sequence[Document]:
        """Return the first hits of a text that is still being typed; names that are only like it do not count."""
        ...

    def progress(self) -> Progress:
        """Return how far the index that is now read is."""
        ...

    def reload(self) -> None:
        """Make visible what was applied, and the index that was swapped in, before this call; searches do it too."""
        ...

    def close(self) -> None:
        """Release the index."""
        ...


class IndexSink(Protocol):
    """Takes documents into one index."""

    def apply(self, upserts: Sequence[Document], deletes: Sequence[str], progress: Progress) -> None:
        """Delete the codes, then put the documents, then note the progress; durable when it returns, and the documents visible.

        The progress is visible with the next call of `apply` or `note` at the latest, never before its documents.

        A document is ignored when the index holds its code with the same or a higher version, also after a restart; of
        several with one code the highest version counts. A delete forgets the version. When it fails the progress is
        not noted, and the same call can be made again.
        """
        ...

    def note(self, progress: Progress) -> None:
        """Note progress without a change of documents; cheap."""
        ...

    def progress(self) -> Progress:
        """Return the progress that was noted last."""
        ...


class SearchWriter(IndexSink, Protocol):
    """The one writer of an index. Opening a second one raises PreconditionFailed."""

    def needs_rebuild(self) -> bool:
        """Tell whether the index in use was built by another version of the code; then `apply` must not be called."""
        ...

    def rebuild(self) -> AbstractContextManager[IndexSink]:
        """Give an empty index beside the one in use, which is read and may be written meanwhile.

        When the block ends well, the new index takes the other's place in one step, for readers in all processes and
        for this writer; the other goes when nobody reads it. When the block raises, the new one goes.
        """
        ...

    def close(self) -> None:
        """Release the index."""
        ...
