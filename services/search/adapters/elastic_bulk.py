"""Sends many puts and deletes to one index, so that each is taken, or known to be older than what is there."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from services.common.errors import DependencyUnavailable
from services.search.adapters.elastic_client import look_up
from services.search.adapters.elastic_schema import delete_action
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
#: Of the answer only what is read here: the rest is written there and parsed here for nobody.
ANSWERED = "errors,items.*._id,items.*.status,items.*.error"

Action = dict[str, Any]
Item = TypeVar("Item")


class Bulk:
    """Sends to one index; raises DependencyUnavailable when anything was refused but for its version."""

    def __init__(self, client: Elasticsearch, index: str) -> None:
        self._client = client
        self._index = index

    def delete(self, codes: Sequence[str]) -> None:
        """Delete the documents of codes, and forget their versions."""
        self._send(codes, lambda some: map(delete_action, some))

    def put(
        self, documents: Mapping[str, Document], make: Callable[[Sequence[Document]], Iterable[Action]]
    ) -> Mapping[str, int]:
        """Put what is made of the documents, which are given by their codes.

        Returns the versions that are there of what was refused: the same or higher ones. What was refused for the
        version of a document that is gone is put again until it is not.
        """
        refused, there = self._send([*documents.values()], make), dict[str, int]()
        deadline = time.monotonic() + FORGETTING_SECONDS
        while refused:
            there |= self._versions(refused)
            gone = [code for code in refused if code not in there]
            if gone and time.monotonic() > deadline:
                raise DependencyUnavailable(
                    "Elasticsearch does not forget deleted versions: set index.gc_deletes to 0s"
                )
            if gone:
                time.sleep(LOOK_SECONDS)
            refused = self._send([documents[code] for code in gone], make)
        return there

    def _versions(self, codes: Sequence[str]) -> Mapping[str, int]:
        return {told["_id"]: told["_version"] for told in look_up(self._client, self._index, codes, source=False)}

    def _send(self, items: Sequence[Item], make: Callable[[Sequence[Item]], Iterable[Action]]) -> Sequence[str]:
        """Send the actions on items of different codes; returns the codes that were refused for their versions.

        The actions of one chunk are made while the server indexes another.
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
            index=self._index,
            chunk_size=CHUNK_DOCUMENTS,
            raise_on_error=False,
            max_retries=RETRIES,
            initial_backoff=FIRST_WAIT_SECONDS,
            filter_path=ANSWERED,
        ):
            (told,) = answer.values()
            if not is_done and told["status"] == CONFLICT:
                refused.append(told["_id"])
            elif "error" in told:  # a delete of what is not there is not done, and no error
                raise DependencyUnavailable(f"Elasticsearch did not take {told['_id']}: {told['error']}")
        return refused
