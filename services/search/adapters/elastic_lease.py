"""The lease of the one writer: a document that its holder writes anew each second.

No clock is compared between machines: who wants the lease watches the document for four seconds, and takes it by
compare-and-set when it has not moved. What a superseded writer still has under way are documents with versions, which
change nothing that is newer; it learns that it was superseded before its next batch.
"""

import threading
import time
from typing import NamedTuple
from uuid import uuid4

import structlog
from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from services.common.errors import DependencyUnavailable, PreconditionFailed
from services.common.logs import told
from services.search.adapters.elastic_client import answering

RENEW_SECONDS = 1.0
LEASE_SECONDS = 4.0
LOOK_SECONDS = 0.2
_ID = "lease"

log = structlog.get_logger()


class State(NamedTuple):
    """One state of the document: the sequence number and the term of the write that made it, and who wrote."""

    sequence: int
    term: int
    owner: str


class WriterLease:
    """A lease that is held from its making until `close`.

    Raises PreconditionFailed when another writer holds it and is alive.
    """

    def __init__(self, client: Elasticsearch, name: str) -> None:
        self._client = client
        self._index = f"{name}-writer"
        self._owner = uuid4().hex
        self._lock = threading.Lock()
        self._ending = threading.Event()
        with answering():
            self._state = self._take()
        self._renewed = time.monotonic()
        self._keeper = threading.Thread(target=self._keep, name="search-writer-lease", daemon=True)
        self._keeper.start()

    def confirm(self) -> None:
        """Return when the lease is ours; call it before each write.

        Raises PreconditionFailed when another writer took it while we were frozen or cut off.
        """
        if time.monotonic() - self._renewed > LEASE_SECONDS - RENEW_SECONDS:
            self._renew()

    def close(self) -> None:
        """Give the lease back, so that the next writer need not wait."""
        self._ending.set()
        self._keeper.join()
        try:
            with answering():
                self._client.delete(
                    index=self._index, id=_ID, if_seq_no=self._state.sequence, if_primary_term=self._state.term
                )
        except (ConflictError, DependencyUnavailable):
            log.warning("search_writer_lease_not_returned")  # another has it, or will have it in four seconds

    def _take(self) -> State:
        seen = self._look()
        deadline = time.monotonic() + LEASE_SECONDS
        while seen is not None and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
            now = self._look()
            if now is not None and now != seen:
                raise self._taken()
            seen = now
        try:
            return self._write(seen)
        except ConflictError as error:
            raise self._taken() from error

    def _look(self) -> State | None:
        try:
            found = self._client.get(index=self._index, id=_ID)
        except NotFoundError:
            return None
        return State(found["_seq_no"], found["_primary_term"], found["_source"]["owner"])

    def _write(self, seen: State | None) -> State:
        """Write over what was seen, or where nothing was; raises ConflictError when it is otherwise by now."""
        document = {"owner": self._owner}
        if seen is None:
            done = self._client.create(index=self._index, id=_ID, document=document)
        else:
            done = self._client.index(
                index=self._index, id=_ID, document=document, if_seq_no=seen.sequence, if_primary_term=seen.term
            )
        return State(done["_seq_no"], done["_primary_term"], self._owner)

    def _keep(self) -> None:
        while not self._ending.wait(RENEW_SECONDS):
            try:
                self._renew()
            except DependencyUnavailable as error:
                log.warning("search_writer_lease_not_renewed", error=told(error))  # `confirm` tries again
            except PreconditionFailed:
                return  # `confirm` says so to who writes

    def _renew(self) -> None:
        began = time.monotonic()
        with self._lock, answering():
            self._state = self._write_again()
            self._renewed = began

    def _write_again(self) -> State:
        """Write over our own last write; an answer may have been lost on its way, and then a newer one is ours too."""
        try:
            return self._write(self._state)
        except ConflictError as error:
            now = self._look()
            if now is None or now.owner != self._owner:
                raise self._taken() from error
            return now

    def _taken(self) -> PreconditionFailed:
        return PreconditionFailed(
            "another process writes this index: stop it, or give another elasticsearch.name",
            metadata={"lease": self._index},
        )
