"""The writer's lock in Elasticsearch: a document with a holder and a deadline, changed by compare-and-set.

Two writers would do no harm to documents, whose versions decide; but each would note a progress that is not the other's.
"""

import os
import socket
import time
from typing import Any
from uuid import uuid4

from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from services.common.errors import PreconditionFailed

#: A killed writer's lock is free after so long by the clocks of the machines, which are to differ by much less.
LEASE_SECONDS = 15.0
RENEW_SECONDS = 3.0
_ID = "lock"


class WriterLock:
    """Held from its making until it is released, renewed by each use."""

    def __init__(self, client: Elasticsearch, index: str) -> None:
        self._client = client
        self._index = index
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._renewed_at = float("-inf")
        self._place: dict[str, int] = {}
        self._take()

    def keep(self) -> None:
        """Renew the lock when it is time; raises PreconditionFailed when another writer took it."""
        if time.monotonic() - self._renewed_at >= RENEW_SECONDS:
            self._put(self._place)

    def release(self) -> None:
        """Let go of the lock, if it is still ours."""
        try:
            self._client.delete(index=self._index, id=_ID, **self._place)  # type: ignore[arg-type]
        except (ConflictError, NotFoundError):
            return  # another has taken it since: it is no longer ours to free

    def _take(self) -> None:
        try:
            found: Any = self._client.get(index=self._index, id=_ID)
        except NotFoundError:
            self._put({})
            return
        if found["_source"]["expires_at"] > time.time():
            raise PreconditionFailed(f"{found['_source']['holder']} writes this index: one writer at a time")
        self._put({"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]})

    def _put(self, place: dict[str, int]) -> None:
        lock = {"holder": self._holder, "expires_at": time.time() + LEASE_SECONDS}
        only_new = {} if place else {"op_type": "create"}
        try:
            done = self._client.index(index=self._index, id=_ID, document=lock, **place, **only_new)  # type: ignore[arg-type]
        except ConflictError as error:
            raise PreconditionFailed("another writer took this index: one writer at a time") from error
        self._place = {"if_seq_no": done["_seq_no"], "if_primary_term": done["_primary_term"]}
        self._renewed_at = time.monotonic()
