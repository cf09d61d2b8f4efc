"""A reader of an index in Elasticsearch; another process writes it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from elasticsearch import NotFoundError

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
ORDER: Sequence[str | Mapping[str, Any]] = ["_score", {"code": "asc"}]


class ElasticReader:
    """Reads the generation that the aliases name.

    It asks for the progress, then for the keys of the generation that has it, then for the records of what was found. So
    what the answer says is never fresher than what it shows. A record that has gone since, or that the filters no longer
    allow, is left out.
    """

    def __init__(self, settings: ElasticSettings) -> None:
        self._client = connect(settings)
        self._name = settings.name
        self._records = records_alias(settings)
        self._generations = Generations(self._client, settings)

    def search(self, query: Query, *, filters: Filters, offset: int, limit: int) -> Found:
        """See the port."""
        if query.is_whole_code:
            return self._look_up(query.code, filters, slice(offset, offset + limit))
        page = {"from_": offset, "size": limit, "track_total_hits": COUNTED}
        progress, hits = self._ask(elastic_query.right(query, filters), **page)
        if hits["total"]["value"] < query.enough:
            progress, hits = self._ask(elastic_query.alike(query, filters), **page)
        shown = self._shown(_codes(hits), filters)
        total = hits["total"]["value"] - len(hits["hits"]) + len(shown)
        return Found(documents=shown, total=total, as_of=progress.as_of)

    def suggest(self, query: Query, *, limit: int) -> Sequence[Document]:
        """See the port."""
        if query.is_whole_code:
            return self._look_up(query.code, Filters(), slice(limit)).documents
        _, hits = self._ask(elastic_query.right(query, Filters()), size=limit, track_total_hits=False)
        return self._shown(_codes(hits), Filters())

    def progress(self) -> Progress:
        """See the port."""
        return progress_from_elastic(self._in_use()["_source"])

    def reload(self) -> None:
        """See the port; every search sees the present state, so there is only to look whether there is one."""
        self.progress()

    def close(self) -> None:
        """See the port."""
        self._client.close()

    def _look_up(self, code: str, filters: Filters, page: slice) -> Found:
        """Return the enterprise of a code: the code is the id of its record, and no keys are needed."""
        progress = self.progress()
        shown = self._shown([code], filters)
        return Found(documents=shown[page], total=len(shown), as_of=progress.as_of)

    def _ask(self, query: Mapping[str, Any], **page: Any) -> tuple[Progress, Mapping[str, Any]]:
        """Return the progress of the generation in use, and then its hits; one that was replaced in between is followed."""
        for _ in range(LOOKS):
            told = self._in_use()
            with answering(), suppress(NotFoundError):
                found = self._client.search(
                    index=told["_index"],
                    query=query,
                    sort=ORDER,
                    source=False,
                    allow_partial_search_results=False,
                    **page,
                )
                return progress_from_elastic(told["_source"]), found["hits"]
        raise DependencyUnavailable("the search index is replaced again and again: look at its writer")

    def _in_use(self) -> Mapping[str, Any]:
        """Return the document of the progress, and with it the name of the index that it is in."""
        with answering():
            told: Mapping[str, Any] = self._client.get(index=self._name, id=PROGRESS_ID).body
        if not self._generations.is_readable(told["_index"]):
            raise DependencyUnavailable("the search index is being built: retry")
        return told

    def _shown(self, codes: Sequence[str], filters: Filters) -> tuple[Document, ...]:
        """Return the records of codes as they were written last, in the same order, without those that are not allowed.

        Asked of the alias: the generation may have been replaced since, and the new one is no older, unless the log was put back.
        """
        if not codes:
            return ()
        with answering():
            found = look_up(self._client, self._records, codes)
        every = (from_elastic(told["_source"]) for told in found)
        return tuple(document for document in every if filters.allow(document))


def _codes(hits: Mapping[str, Any]) -> Sequence[str]:
    return [hit["_id"] for hit in hits["hits"]]
