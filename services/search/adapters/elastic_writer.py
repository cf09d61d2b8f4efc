"""The writer of the index in Elasticsearch: documents by external version, an alias swapped after a rebuild."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError
from elasticsearch.helpers import streaming_bulk

from services.common.errors import DependencyUnavailable, PreconditionFailed
from services.search.adapters import elastic_schema
from services.search.adapters.elastic_client import ElasticSettings, connect, speaking
from services.search.adapters.elastic_lock import WriterLock
from services.search.adapters.elastic_names import alias_of, indexes, lock_of, next_index
from services.search.adapters.elastic_schema import PROGRESS_ID
from services.search.application.ports import IndexSink, Progress
from services.search.domain.document import Document

#: Documents are some 2 kB: a request of this size is well below what a server takes, and large enough to be cheap.
CHUNK_DOCUMENTS = 2000
CONFLICT, NOT_FOUND = 409, 404
TOMBSTONE_SECONDS = 10.0
TOMBSTONE_POLL_SECONDS = 0.1


class ElasticSink:
    """Takes documents into one index."""

    def __init__(self, client: Elasticsearch, index: str, lock: WriterLock) -> None:
        self.index = index
        self._client = client
        self._lock = lock
        self._progress = self._read_progress()

    def apply(self, upserts: Sequence[Document], deletes: Sequence[str], progress: Progress) -> None:
        """See the port."""
        self._lock.keep()
        newest = {document.credit_code: document for document in sorted(upserts, key=lambda d: d.version)}
        with speaking():
            if deletes:
                self._bulk([{"_op_type": "delete", "_id": code} for code in deletes])
                self._client.indices.refresh(index=self.index)
            self._upsert(newest)
            self._client.indices.refresh(index=self.index)
        self.note(progress)

    def note(self, progress: Progress) -> None:
        """See the port."""
        self._lock.keep()
        with speaking():
            told = {"payload": elastic_schema.dump_progress(progress)}
            self._client.index(index=self.index, id=PROGRESS_ID, document=told)
        self._progress = progress

    def progress(self) -> Progress:
        """See the port."""
        return self._progress

    def _upsert(self, documents: Mapping[str, Document]) -> None:
        """Put documents; the server refuses those that are not newer than what it has. Deleted codes are new again."""
        deadline = time.monotonic() + TOMBSTONE_SECONDS
        left = documents
        while refused := self._bulk([_put(document) for document in left.values()]):
            absent = self._absent([code for code in refused if code in left])
            if not absent:
                return
            if time.monotonic() > deadline:
                raise DependencyUnavailable(f"Elasticsearch still remembers the version of deleted {absent[0]}")
            left = {code: left[code] for code in absent}
            time.sleep(TOMBSTONE_POLL_SECONDS)  # the server forgets a tombstone at a refresh after its clock ticked
            self._client.indices.refresh(index=self.index)

    def _bulk(self, actions: Sequence[dict[str, Any]]) -> list[str]:
        """Send actions and return the codes that were refused for their version; raises what else was refused."""
        refused = []
        outcomes = streaming_bulk(
            self._client, actions, index=self.index, chunk_size=CHUNK_DOCUMENTS, raise_on_error=False
        )
        for is_done, outcome in outcomes:
            (told,) = outcome.values()
            if told["status"] == CONFLICT:
                refused.append(str(told["_id"]))
            elif not is_done and told["status"] != NOT_FOUND:
                raise DependencyUnavailable(f"Elasticsearch refused {told['_id']}: {told.get('error')}")
        return refused

    def _absent(self, codes: Sequence[str]) -> list[str]:
        found = self._client.mget(index=self.index, ids=list(codes), source=False)["docs"]
        return [str(one["_id"]) for one in found if not one.get("found")]

    def _read_progress(self) -> Progress:
        try:
            told = self._client.get(index=self.index, id=PROGRESS_ID)
        except NotFoundError:
            return Progress()
        return elastic_schema.load_progress(told["_source"]["payload"])


class ElasticWriter:
    """The one writer; see the port. Raises PreconditionFailed when another process writes."""

    def __init__(self, settings: ElasticSettings) -> None:
        self._settings = settings
        self._client = connect(settings)
        with speaking():
            self._lock = WriterLock(self._client, lock_of(settings))
            self._sink = self._open()

    def needs_rebuild(self) -> bool:
        """See the port."""
        return self._sink is None

    def apply(self, upserts: Sequence[Document], deletes: Sequence[str], progress: Progress) -> None:
        """See the port; raises PreconditionFailed when the index must be rebuilt first."""
        self._current().apply(upserts, deletes, progress)

    def note(self, progress: Progress) -> None:
        """See the port."""
        self._current().note(progress)

    def progress(self) -> Progress:
        """See the port."""
        return self._sink.progress() if self._sink is not None else Progress()

    @contextmanager
    def rebuild(self) -> Iterator[IndexSink]:
        """See the port."""
        with speaking():
            fresh = self._make()
        try:
            yield fresh
        except BaseException:
            self._client.indices.delete(index=fresh.index)
            raise
        with speaking():
            self._swap(fresh)
        self._sink = fresh

    def close(self) -> None:
        """See the port."""
        self._lock.release()
        self._client.close()

    def _current(self) -> ElasticSink:
        if self._sink is None:
            raise PreconditionFailed("the index is of another version of the code: rebuild it first")
        return self._sink

    def _open(self) -> ElasticSink | None:
        """Return the index in use, a new one where there is none at all; None when only other versions have one."""
        found = indexes(self._client, self._settings)
        alias = alias_of(self._settings)
        current = next((name for name, aliases in found.items() if alias in aliases), None)
        if current is None and any(found.values()):
            return None
        unfinished = [name for name in found if name != current]  # killed rebuilds, and versions that ours has replaced
        if unfinished:
            self._client.indices.delete(index=unfinished)
        if current is not None:
            return ElasticSink(self._client, current, self._lock)
        fresh = self._make()
        self._swap(fresh)
        return fresh

    def _make(self) -> ElasticSink:
        index = next_index(self._settings, indexes(self._client, self._settings))
        self._client.indices.create(
            index=index,
            settings=elastic_schema.settings(self._settings.replicas),
            mappings=elastic_schema.mapping(),
            wait_for_active_shards="1",
        )
        sink = ElasticSink(self._client, index, self._lock)
        sink.note(Progress())
        return sink

    def _swap(self, fresh: ElasticSink) -> None:
        """Point the alias to another index and remove the one before, in one step of the cluster."""
        alias = alias_of(self._settings)
        found = indexes(self._client, self._settings)
        old = [name for name, aliases in found.items() if alias in aliases and name != fresh.index]
        actions: list[dict[str, Any]] = [{"add": {"index": fresh.index, "alias": alias}}]
        actions += [{"remove_index": {"index": name}} for name in old]
        self._client.indices.update_aliases(actions=actions)


def _put(document: Document) -> dict[str, Any]:
    return {
        "_op_type": "index",
        "_id": document.credit_code,
        "version": document.version,
        "version_type": "external",
        "_source": elastic_schema.to_elastic(document),
    }
