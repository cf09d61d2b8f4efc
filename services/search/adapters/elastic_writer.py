"""The writer of an index in Elasticsearch: bulks with external versions, one lease, generations built beside."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import Any, TypeVar

from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from services.common.errors import DependencyUnavailable, PreconditionFailed
from services.search.adapters.elastic_client import ElasticSettings, answering, connect
from services.search.adapters.elastic_generations import Generations
from services.search.adapters.elastic_lease import WriterLease
from services.search.adapters.elastic_schema import (
    PROGRESS_ID,
    progress_from_elastic,
    progress_to_elastic,
    to_elastic,
)
from services.search.adapters.elastic_segments import Segments
from services.search.adapters.name_texts import MadeTexts, NameTexts, Texts
from services.search.application.ports import IndexSink, Progress
from services.search.domain.document import Document

#: About 1 MB of tokens a request: from here on a larger one is no faster, and only holds the heap longer.
CHUNK_DOCUMENTS = 1000
#: One makes tokens while the server works for the other two; more would wait for Python's lock.
SENDERS = 3
#: A full queue of the server is waited for: 0.1, 0.2, 0.4 … seconds, six times.
RETRIES, FIRST_WAIT_SECONDS = 6, 0.1
#: The server's clock of deletes ticks each 0.2 seconds; within a tick it still holds a deleted version against us.
FORGETTING_SECONDS, LOOK_SECONDS = 5.0, 0.05
CONFLICT = 409

Action = dict[str, Any]
Item = TypeVar("Item")


class ElasticSink:
    """Takes documents into one generation.

    Elasticsearch itself compares versions (`external`): what it holds with the same or a higher one it refuses, which
    is no failure. Nothing is kept here, so that a restart, or a writer elsewhere, goes on with what the index holds.
    """

    def __init__(self, client: Elasticsearch, generation: str, lease: WriterLease, names: NameTexts) -> None:
        self.generation = generation
        self._names = names
        self._client = client
        self._lease = lease
        self._segments = Segments(client, generation)
        with answering():
            self._progress = progress_from_elastic(client.get(index=generation, id=PROGRESS_ID)["_source"])

    def apply(self, upserts: Sequence[Document], deletes: Sequence[str], progress: Progress) -> None:
        """See the port."""
        self._lease.confirm()
        newest = {document.credit_code: document for document in sorted(upserts, key=lambda d: d.version)}
        with answering():
            self._send(deletes, _deletes)
            self._put(newest)
            self._client.indices.refresh(index=self.generation)
            self._segments.fit()
        self._keep(progress, is_seen_now=False)

    def note(self, progress: Progress) -> None:
        """See the port."""
        self._lease.confirm()
        self._keep(progress, is_seen_now=True)

    def _keep(self, progress: Progress, *, is_seen_now: bool) -> None:
        """Keep the progress, durable at once; readers see it with the next refresh, never before its documents.

        A second refresh a batch was half of what a batch takes; the next batch or the next idle poll brings one.
        """
        with answering():
            source = progress_to_elastic(progress)
            self._client.index(index=self.generation, id=PROGRESS_ID, document=source, refresh=is_seen_now)
        self._progress = progress

    def progress(self) -> Progress:
        """See the port."""
        return self._progress

    def _put(self, documents: dict[str, Document]) -> None:
        """Put the documents; those that are refused for the version of a code that is gone, again until they are not."""
        refused = self._send([*documents.values()], self._puts)
        deadline = time.monotonic() + FORGETTING_SECONDS
        while gone := self._absent(refused):
            if time.monotonic() > deadline:
                raise DependencyUnavailable(
                    "Elasticsearch does not forget deleted versions: set index.gc_deletes to 0s"
                )
            time.sleep(LOOK_SECONDS)
            refused = self._send([documents[code] for code in gone], self._puts)

    def _send(self, items: Sequence[Item], make: Callable[[Sequence[Item]], Iterable[Action]]) -> Sequence[str]:
        """Send the actions on items of different codes; returns the codes that were refused for their versions.

        The actions of one chunk are made while the server indexes another. Raises when anything else was refused.
        """
        chunks = [items[start : start + CHUNK_DOCUMENTS] for start in range(0, len(items), CHUNK_DOCUMENTS)]
        if len(chunks) <= 1:
            return [code for chunk in chunks for code in self._send_chunk(make(chunk))]
        with ThreadPoolExecutor(SENDERS) as senders:
            sent = senders.map(lambda chunk: self._send_chunk(make(chunk)), chunks)
            return [code for refused in sent for code in refused]

    def _send_chunk(self, actions: Iterable[Action]) -> Sequence[str]:
        refused = []
        for is_done, answer in streaming_bulk(
            self._client,
            actions,
            index=self.generation,
            chunk_size=CHUNK_DOCUMENTS,
            raise_on_error=False,
            max_retries=RETRIES,
            initial_backoff=FIRST_WAIT_SECONDS,
        ):
            (told,) = answer.values()
            if not is_done and told["status"] == CONFLICT:
                refused.append(told["_id"])
            elif "error" in told:  # a delete of what is not there is not done, and no error
                raise DependencyUnavailable(f"Elasticsearch did not take {told['_id']}: {told['error']}")
        return refused

    def _puts(self, documents: Sequence[Document]) -> Iterable[Action]:
        texts = self._names.of({document.name for document in documents})
        return (_put_action(document, texts[document.name]) for document in documents)

    def _absent(self, codes: Sequence[str]) -> Sequence[str]:
        if not codes:
            return ()
        found = self._client.mget(index=self.generation, ids=[*codes], source=False)["docs"]
        return [told["_id"] for told in found if not told["found"]]


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
        readable = self._generations.is_readable(current)
        return ElasticSink(self._client, current, self._lease, self._names) if readable else None

    def _sink(self) -> ElasticSink:
        if self._live is None:
            raise PreconditionFailed("the index is of another version of the code: rebuild it first")
        return self._live


def _deletes(codes: Sequence[str]) -> Iterable[Action]:
    return ({"_op_type": "delete", "_id": code} for code in codes)


def _put_action(document: Document, name: Texts) -> Action:
    return {
        "_op_type": "index",
        "_id": document.credit_code,
        "version": document.version,
        "version_type": "external",
        "_source": to_elastic(document, name),
    }
