"""The writer of a tantivy index in a folder: one process, one writer, versions looked up in the index itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import tantivy

from services.common.errors import PreconditionFailed
from services.search.adapters.name_texts import MadeTexts, NameTexts
from services.search.adapters.tantivy_folder import Generation, IndexFolder
from services.search.adapters.tantivy_schema import SCHEMA, to_tantivy
from services.search.application.ports import IndexSink, Progress
from services.search.domain.document import Document

#: Enough for a batch between two commits; tantivy takes no less than 15 MB.
HEAP_BYTES = 20_000_000


class TantivySink:
    """Takes documents into one generation.

    The version of a code is one term look-up (7 µs): cheaper than a map beside the index, which would have to be
    rebuilt at each start and could differ from it.
    """

    def __init__(self, generation: Generation, names: NameTexts) -> None:
        self.generation = generation
        self._names = names
        self._held = generation.hold()
        self._index = generation.open()
        self._writer = self._index.writer(HEAP_BYTES, 1)
        self._progress = generation.read_progress()

    def apply(self, upserts: Sequence[Document], deletes: Sequence[str], progress: Progress) -> None:
        """See the port."""
        try:
            self._write(upserts, deletes)
            self._writer.commit()
        except BaseException:
            self._writer.rollback()
            raise
        self._index.reload()
        self.note(progress)

    def _write(self, upserts: Sequence[Document], deletes: Sequence[str]) -> None:
        for code in deletes:
            self._writer.delete_documents_by_term("code", code)
        newest = {document.credit_code: document for document in sorted(upserts, key=lambda d: d.version)}
        forgotten = frozenset(deletes)
        searcher = self._index.searcher()
        texts = self._names.of({document.name for document in newest.values()})
        for code, document in newest.items():
            kept = -1 if code in forgotten else _version(searcher, code)
            if document.version > kept:
                if kept >= 0:
                    self._writer.delete_documents_by_term("code", code)
                self._writer.add_document(to_tantivy(document, texts[document.name]))

    def note(self, progress: Progress) -> None:
        """See the port."""
        self.generation.write_progress(progress)
        self._progress = progress

    def progress(self) -> Progress:
        """See the port."""
        return self._progress

    def close(self) -> None:
        """Let running merges end, and release tantivy's lock."""
        self._writer.wait_merging_threads()
        if self._held is not None:
            self._held.close()


class TantivyWriter:
    """The one writer of a folder; see the port.

    Raises PreconditionFailed when another process writes the folder.
    """

    def __init__(self, path: Path, names: NameTexts | None = None) -> None:
        self._names = names or MadeTexts()
        self._folder = IndexFolder(path)
        self._lock = self._folder.lock_for_writing()
        current = self._folder.current()
        if current is None or not current.path.exists():
            current = self._folder.make_generation()
            self._folder.swap_in(current)
        self._live = TantivySink(current, self._names) if current.is_readable else None
        self._folder.remove_others()

    def needs_rebuild(self) -> bool:
        """See the port."""
        return self._live is None

    def apply(self, upserts: Sequence[Document], deletes: Sequence[str], progress: Progress) -> None:
        """See the port."""
        self._sink().apply(upserts, deletes, progress)

    def note(self, progress: Progress) -> None:
        """See the port; also removes what the last reader has left."""
        self._sink().note(progress)
        self._folder.remove_others()

    def progress(self) -> Progress:
        """See the port."""
        return self._sink().progress()

    @contextmanager
    def rebuild(self) -> Iterator[IndexSink]:
        """See the port."""
        fresh = TantivySink(self._folder.make_generation(), self._names)
        try:
            yield fresh
            self._folder.swap_in(fresh.generation)
        except BaseException:
            fresh.close()
            fresh.generation.remove_unless_held()
            raise
        if self._live is not None:
            self._live.close()
        self._live = fresh
        self._folder.remove_others()

    def close(self) -> None:
        """See the port."""
        if self._live is not None:
            self._live.close()
        self._lock.close()

    def _sink(self) -> TantivySink:
        if self._live is None:
            raise PreconditionFailed("the index is of another version of the code: rebuild it first")
        return self._live


def _version(searcher: tantivy.Searcher, code: str) -> int:
    """Return the version under which a code is committed; -1 when it is not."""
    hits = searcher.search(tantivy.Query.term_query(SCHEMA, "code", code, "basic"), 1, count=False).hits
    if not hits:
        return -1
    (version,) = searcher.fast_field_values("version", [hits[0][1]])
    return int(version or 0)
