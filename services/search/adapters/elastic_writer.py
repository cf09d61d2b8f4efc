"""The writer of an index in Elasticsearch: documents with external versions, one lease, generations built beside."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager

from elasticsearch import Elasticsearch

from services.common.errors import PreconditionFailed
from services.search.adapters.elastic_bulk import Action, Bulk
from services.search.adapters.elastic_client import ElasticSettings, answering, connect
from services.search.adapters.elastic_generations import Generations, index_of
from services.search.adapters.elastic_lease import WriterLease
from services.search.adapters.elastic_schema import (
    KEYS,
    PROGRESS_ID,
    RECORDS,
    keys_action,
    progress_from_elastic,
    progress_to_elastic,
    record_action,
)
from services.search.adapters.elastic_segments import Segments
from services.search.adapters.known_keys import KnownKeys
from services.search.adapters.name_texts import MadeTexts, NameTexts
from services.search.application.ports import IndexSink, Progress
from services.search.domain.document import Document


class ElasticSink:
    """Takes documents into one generation.

    Elasticsearch itself compares versions (`external`): what it holds with the same or a higher one it refuses, which
    is no failure. What is remembered here only spares work, so that a restart, or a writer elsewhere, goes on with
    what the index holds.
    """

    def __init__(self, client: Elasticsearch, generation: str, lease: WriterLease, names: NameTexts) -> None:
        self.generation = generation
        self._names = names
        self._client = client
        self._lease = lease
        self._index = index_of(generation, KEYS)
        self._keys = Bulk(client, self._index)
        self._records = Bulk(client, index_of(generation, RECORDS))
        self._known = KnownKeys()
        self._segments = [Segments(client, index_of(generation, kind)) for kind in (KEYS, RECORDS)]
        with answering():
            self._progress = progress_from_elastic(client.get(index=self._index, id=PROGRESS_ID)["_source"])

    def apply(self, upserts: Sequence[Document], deletes: Sequence[str], progress: Progress) -> None:
        """See the port."""
        self._lease.confirm()
        newest = {document.credit_code: document for document in sorted(upserts, key=lambda d: d.version)}
        with answering():
            self._delete(deletes)
            self._put(newest)
            self._client.indices.refresh(index=self._index)
            for segments in self._segments:
                segments.fit()
        self._keep(progress)

    def note(self, progress: Progress) -> None:
        """See the port."""
        self._lease.confirm()
        self._keep(progress)

    def _keep(self, progress: Progress) -> None:
        """Keep the progress, durable at once; readers ask for it by its id, and see it without a refresh."""
        with answering():
            source = progress_to_elastic(progress)
            self._client.index(index=self._index, id=PROGRESS_ID, document=source)
        self._progress = progress

    def progress(self) -> Progress:
        """See the port."""
        return self._progress

    def _delete(self, codes: Sequence[str]) -> None:
        self._known.forget(codes)
        self._keys.delete(codes)
        self._records.delete(codes)

    def _put(self, documents: Mapping[str, Document]) -> None:
        """Put the records, then the keys that the index does not have yet.

        The version of the keys there may be older than that of the record, for keys are not put with each one. So the
        keys of a document that is older than the record are left out here; those of one that is as old are not: the
        writer may have died between the two.
        """
        there = self._records.put(documents, lambda some: map(record_action, some))
        current = {code: d for code, d in documents.items() if there.get(code, d.version) <= d.version}
        unknown = {code: d for code, d in current.items() if not self._known.has(d)}
        self._known.forget(unknown)  # until it is certain which ones are there
        newer = self._keys.put(unknown, self._keys_of)
        self._known.add(d for code, d in unknown.items() if code not in newer)

    def _keys_of(self, documents: Sequence[Document]) -> Iterable[Action]:
        texts = self._names.of({document.name for document in documents})
        return (keys_action(document, texts[document.name]) for document in documents)


class ElasticWriter:
    """The one writer of an index; see the port.

    Raises PreconditionFailed when another process writes the index, or the servers are of a major that the client
    cannot speak to.
    """

    def __init__(self, settings: ElasticSettings, names: NameTexts | None = None) -> None:
        self._names = names or MadeTexts()
        with ExitStack() as opened:
            self._client = opened.enter_context(closing(connect(settings)))
            self._lease = opened.enter_context(closing(WriterLease(self._client, settings.name)))
            self._generations = Generations(self._client, settings)
            with answering():
                self._live = self._open()
            self._opened = opened.pop_all()

    def needs_rebuild(self) -> bool:
        """See the port."""
        return self._live is None

    def apply(self, upserts: Sequence[Document], deletes: Sequence[str], progress: Progress) -> None:
        """See the port."""
        self._sink().apply(upserts, deletes, progress)

    def note(self, progress: Progress) -> None:
        """See the port."""
        self._sink().note(progress)

    def progress(self) -> Progress:
        """See the port."""
        return self._sink().progress()

    @contextmanager
    def rebuild(self) -> Iterator[IndexSink]:
        """See the port."""
        with answering():
            fresh = ElasticSink(self._client, self._generations.make(), self._lease, self._names)
        try:
            yield fresh
            self._lease.confirm()
            with answering():
                self._generations.swap_in(fresh.generation)
        except BaseException:
            with answering():
                self._generations.remove(fresh.generation)
            raise
        self._live = fresh
        with answering():
            self._generations.remove_others()

    def close(self) -> None:
        """See the port."""
        self._opened.close()

    def _open(self) -> ElasticSink | None:
        current = self._generations.current()
        if current is None:
            current = self._generations.make()
            self._generations.swap_in(current)
        self._generations.remove_others()
        is_usable = self._generations.is_readable(current) and self._generations.is_whole(current)
        return ElasticSink(self._client, current, self._lease, self._names) if is_usable else None

    def _sink(self) -> ElasticSink:
        if self._live is None:
            raise PreconditionFailed(
                "the index is of another version of the code, or lacks its records: rebuild it first"
            )
        return self._live
