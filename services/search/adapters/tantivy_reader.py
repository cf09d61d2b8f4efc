"""A reader of a tantivy index that another process writes."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import tantivy

from services.common.errors import DependencyUnavailable
from services.search.adapters import tantivy_query
from services.search.adapters.tantivy_folder import PROGRESS, Generation, IndexFolder
from services.search.adapters.tantivy_schema import from_tantivy
from services.search.application.ports import Filters, Found, Progress
from services.search.domain.document import Document
from services.search.domain.query import Query

#: A file is the same while it has the same inode and change time: every change replaces it.
Mark = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What searches see: one committed state of one generation, never a mixture."""

    generation: Generation
    held: IO[bytes]
    index: tantivy.Index
    searcher: tantivy.Searcher
    progress: Progress
    marks: tuple[Mark, Mark]


class TantivyReader:
    """Reads the generation in use, and follows the writer: two stat calls a search tell whether anything changed."""

    def __init__(self, path: Path) -> None:
        self._folder = IndexFolder(path)
        self._lock = threading.Lock()
        self._view: _View | None = None

    def search(self, query: Query, *, filters: Filters, offset: int, limit: int) -> Found:
        """See the port."""
        view = self._fresh_view()
        found = view.searcher.search(tantivy_query.right(query, filters), limit, offset=offset)
        if _count(found) < query.enough:
            found = view.searcher.search(tantivy_query.alike(query, filters), limit, offset=offset)
        return Found(documents=_documents(view, found), total=_count(found), as_of=view.progress.as_of)

    def suggest(self, query: Query, *, limit: int) -> Sequence[Document]:
        """See the port."""
        view = self._fresh_view()
        found = view.searcher.search(tantivy_query.right(query, Filters()), limit, count=False)
        return _documents(view, found)

    def progress(self) -> Progress:
        """See the port."""
        return self._fresh_view().progress

    def reload(self) -> None:
        """See the port."""
        self._fresh_view()

    def close(self) -> None:
        """See the port."""
        with self._lock:
            if self._view is not None:
                self._view.held.close()
            self._view = None

    def _fresh_view(self) -> _View:
        view = self._view
        if view is not None and view.marks == self._marks(view.generation):
            return view
        with self._lock:
            self._view = self._look_again(self._view)
            return self._view

    def _look_again(self, old: _View | None) -> _View:
        """Return the present state; the pointer is read again under the hold, so that nobody removes what it names."""
        while True:
            current = self._folder.current()
            if current is None or not current.is_readable:
                raise DependencyUnavailable("the search index is being built: retry")
            if old is not None and old.generation == current:
                return self._open(current, old.held, old.index)
            held = current.hold()
            again = self._folder.current()
            if held is not None and again == current:
                fresh = self._open(current, held, current.open())
                if old is not None:
                    old.held.close()
                return fresh
            if held is not None:
                held.close()
            elif again == current:
                raise DependencyUnavailable("the search index was taken away: start its writer")

    def _open(self, generation: Generation, held: IO[bytes], index: tantivy.Index) -> _View:
        """Read the marks, then the progress, then the documents: what is said is never fresher than what is found."""
        marks = self._marks(generation)
        progress = generation.read_progress()
        index.reload()
        return _View(
            generation=generation, held=held, index=index, searcher=index.searcher(), progress=progress, marks=marks
        )

    def _marks(self, generation: Generation) -> tuple[Mark, Mark]:
        return _mark(self._folder.pointer), _mark(generation.path / PROGRESS)


def _mark(path: Path) -> Mark:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_ino, found.st_mtime_ns)


def _count(found: tantivy.SearchResult) -> int:
    count: int = found.count  # type: ignore[attr-defined]  # absent from the package's stub
    return count


def _documents(view: _View, found: tantivy.SearchResult) -> tuple[Document, ...]:
    return tuple(from_tantivy(view.searcher.doc(address)) for _, address in found.hits)
