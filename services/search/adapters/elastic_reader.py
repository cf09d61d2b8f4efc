"""A reader of the index in Elasticsearch; the alias of our schema's version names the index in use."""

from collections.abc import Sequence
from typing import Any

from elasticsearch import NotFoundError

from services.common.errors import DependencyUnavailable
from services.search.adapters import elastic_query, payload
from services.search.adapters.elastic_client import ElasticSettings, connect, speaking
from services.search.adapters.elastic_names import alias_of
from services.search.adapters.elastic_schema import PROGRESS_ID, load_progress
from services.search.application.ports import Filters, Found, Progress
from services.search.domain.document import Document
from services.search.domain.query import Query


class ElasticReader:
    """Reads the index in use; see the port."""

    def __init__(self, settings: ElasticSettings) -> None:
        self._client = connect(settings)
        self._alias = alias_of(settings)

    def search(self, query: Query, *, filters: Filters, offset: int, limit: int) -> Found:
        """See the port; the progress is read first, so that what is said is never fresher than what is found."""
        progress = self.progress()
        found = self._search(elastic_query.right(query, filters), offset, limit)
        if found["total"]["value"] < query.enough:
            found = self._search(elastic_query.alike(query, filters), offset, limit)
        return Found(documents=_documents(found), total=int(found["total"]["value"]), as_of=progress.as_of)

    def suggest(self, query: Query, *, limit: int) -> Sequence[Document]:
        """See the port."""
        return _documents(self._search(elastic_query.right(query, Filters()), 0, limit))

    def progress(self) -> Progress:
        """See the port."""
        try:
            with speaking():
                told = self._client.get(index=self._alias, id=PROGRESS_ID)
        except NotFoundError as error:
            raise _being_built() from error
        return load_progress(told["_source"]["payload"])

    def reload(self) -> None:
        """See the port: every search reads anew, so this only tells whether there is something to read."""
        self.progress()

    def close(self) -> None:
        """See the port."""
        self._client.close()

    def _search(self, query: dict[str, Any], offset: int, limit: int) -> dict[str, Any]:
        try:
            with speaking():
                answer = self._client.search(
                    index=self._alias, query=query, from_=offset, size=limit, source_includes=["payload"]
                )
        except NotFoundError as error:
            raise _being_built() from error
        return dict(answer["hits"])


def _being_built() -> DependencyUnavailable:
    return DependencyUnavailable("the search index is being built: retry")


def _documents(found: dict[str, Any]) -> tuple[Document, ...]:
    return tuple(payload.load(hit["_source"]["payload"]) for hit in found["hits"])
