"""A reader of an index in Elasticsearch; another process writes it."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.errors import DependencyUnavailable
from services.search.adapters import elastic_query
from services.search.adapters.elastic_client import ElasticSettings, answering, connect, look_up
from services.search.adapters.elastic_generations import Generations, records_alias
from services.search.adapters.elastic_schema import PROGRESS_ID, from_elastic, progress_from_elastic
from services.search.application.ports import Filters, Found, Progress
from services.search.domain.document import Document
from services.search.domain.query import Query

#: The port counts exactly so far; to count on would keep the engine from skipping what cannot come first.
COUNTED = 10_000
#: A swap between two looks at the alias is followed; more of them in a row are a fault.
LOOKS = 5
#: Equal scores are in the order of the codes.
ORDER = ["_score", {"code": "asc"}]


class ElasticReader:
    """Reads the generation that the aliases name.

    One request asks, one after the other, which generation is in use and how far it is, and then the keys of that
    generation; a second one asks for the records of what was found. So what the answer says is never fresher than what
    it found. A record that has gone since, or that the filters no longer allow, is left out.
    """

    def __init__(self, settings: ElasticSettings) -> None:
        self._client = connect(settings)
        self._name = settings.name
        self._records = records_alias(settings)
        self._generations = Generations(self._client, settings)
        self._index = ""

    def search(self, query: Query, *, filters: Filters, offset: int, limit: int) -> Found:
        """See the port."""
        if query.is_whole_code:
            return self._look_up(query.code, filters, slice(offset, offset + limit))
        page = {"from": offset, "size": limit, "track_total_hits": COUNTED}
        progress, hits = self._ask({"query": elastic_query.right(query, filters), **page})
        if hits["total"]["value"] < query.enough:
            progress, hits = self._ask({"query": elastic_query.alike(query, filters), **page})
        shown = self._shown(_codes(hits), filters)
        total = hits["total"]["value"] - len(hits["hits"]) + len(shown)
        return Found(documents=shown, total=total, as_of=progress.as_of)

    def suggest(self, query: Query, *, limit: int) -> Sequence[Document]:
        """See the port."""
        if query.is_whole_code:
            return self._look_up(query.code, Filters(), slice(limit)).documents
        asked = elastic_query.right(query, Filters())
        _, hits = self._ask({"query": asked, "size": limit, "track_total_hits": False})
        return self._shown(_codes(hits), Filters())

    def _look_up(self, code: str, filters: Filters, page: slice) -> Found:
        """Return the enterprise of a code: the code is the id of its record, and no keys are needed."""
        progress = self.progress()
        shown = self._shown([code], filters)
        return Found(documents=shown[page], total=len(shown), as_of=progress.as_of)

    def _shown(self, codes: Sequence[str], filters: Filters) -> tuple[Document, ...]:
        """Return the records of codes as they were written last, in the same order, without those that are not allowed.

        Asked of the alias: the generation may have been replaced since, and the new one is no older.
        """
        if not codes:
            return ()
        with answering():
            found = look_up(self._client, self._records, codes)
        every = (from_elastic(told["_source"]) for told in found)
        return tuple(document for document in every if filters.allow(document))

    def progress(self) -> Progress:
        """See the port."""
        progress, _ = self._ask({"query": {"match_none": {}}, "size": 0})
        return progress

    def reload(self) -> None:
        """See the port; every search sees the present state, so there is only to look whether there is one."""
        self.progress()

    def close(self) -> None:
        """See the port."""
        self._client.close()

    def _ask(self, body: Mapping[str, Any]) -> tuple[Progress, Mapping[str, Any]]:
        """Return the progress and the hits of one generation: the one that was in use when both were read."""
        for _ in range(LOOKS):
            asked = self._index
            told, found = self._ask_both(asked or self._name, {"sort": ORDER, "_source": False, **body})
            self._index = told["_index"]
            if asked == told["_index"] and "hits" in found:
                return progress_from_elastic(told["_source"]), found["hits"]
            if asked == told["_index"]:
                raise DependencyUnavailable(f"the search index cannot be read now: {found['error']['reason']}")
        raise DependencyUnavailable("the search index is replaced again and again: look at its writer")

    def _ask_both(self, index: str, body: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        which = {"query": {"ids": {"values": [PROGRESS_ID]}}, "size": 1}
        with answering():
            answers = self._client.msearch(
                searches=[
                    {"index": self._name, "allow_partial_search_results": False}, which,
                    {"index": index, "allow_partial_search_results": False}, body,
                ],
                max_concurrent_searches=1,  # the second looks after the first
            )["responses"]  # fmt: skip
        return self._in_use(answers[0]), answers[1]

    def _in_use(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        hits = answer["hits"]["hits"] if "hits" in answer else ()
        if not hits or not self._generations.is_readable(hits[0]["_index"]):
            raise DependencyUnavailable("the search index is being built: retry")
        told: Mapping[str, Any] = hits[0]
        return told


def _codes(hits: Mapping[str, Any]) -> Sequence[str]:
    return [hit["_id"] for hit in hits["hits"]]
