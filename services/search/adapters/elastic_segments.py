"""How large the segments of an index may become by merging.

A merge takes a core for as long as its result is large, and what is written meanwhile is searchable later. An index of which
documents change all the time would be merged whole, again and again; so a segment holds a sixteenth of it at most, and a
search looks through some thirty.
"""

import time

from elasticsearch import Elasticsearch

SEGMENTS = 32
#: A smaller one costs more to look through than to merge.
LEAST_BYTES = 4 * 1024 * 1024
FIT_SECONDS = 600.0


class Segments:
    """Fits the bound of one index' segments to its size, now and then."""

    def __init__(self, client: Elasticsearch, index: str) -> None:
        self._client = client
        self._index = index
        self._fit_at = 0.0
        self._bytes = 0

    def fit(self) -> None:
        """Set the bound anew when it is time and the index has become much larger or smaller."""
        if time.monotonic() < self._fit_at:
            return
        self._fit_at = time.monotonic() + FIT_SECONDS
        wanted = bound(self._largest_shard())
        if wanted != self._bytes:
            settings = {"merge.policy.max_merged_segment": f"{wanted}b"}
            self._client.indices.put_settings(index=self._index, settings=settings)
            self._bytes = wanted

    def _largest_shard(self) -> int:
        told = self._client.indices.stats(index=self._index, metric="docs", level="shards")
        shards = told["indices"][self._index]["shards"].values()
        sizes: list[int] = [copy["docs"]["total_size_in_bytes"] for copies in shards for copy in copies]
        return max(sizes)


def bound(shard_bytes: int) -> int:
    """Return the bytes that a segment of a shard of this size may have: the power of two above, so that it seldom changes."""
    return max(LEAST_BYTES, 1 << (shard_bytes // SEGMENTS).bit_length())
