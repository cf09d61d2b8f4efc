"""Elasticsearch keeps the contract; and what only it promises: leases, generations, who is served and who is refused."""

from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch as Client

from deploy.engines.elasticsearch import Elasticsearch
from services.search.adapters.elastic_client import ElasticSettings
from services.search.adapters.elastic_reader import ElasticReader
from services.search.adapters.elastic_writer import ElasticWriter
from services.search.application.ports import SearchReader, SearchWriter
from tests.contract.search_index.suite import SearchIndexContract


@pytest.fixture
def client(elasticsearch: Elasticsearch) -> Iterator[Client]:
    with elasticsearch.client() as client:
        yield client


@pytest.fixture
def settings(elasticsearch: Elasticsearch, client: Client) -> Iterator[ElasticSettings]:
    """Return settings with names of the test's own; all that has them goes with it."""
    made = ElasticSettings(urls=(elasticsearch.url,), name=f"t{uuid4().hex}", replicas=0)
    yield made
    for index in client.indices.get(index=f"{made.name}*", expand_wildcards="all"):
        client.indices.delete(index=index)
    client.options(ignore_status=404).indices.delete_index_template(name=made.name)


class TestElasticsearch(SearchIndexContract):
    reader_process = (
        "import sys\n"
        "from services.search.adapters.elastic_client import ElasticSettings\n"
        "from services.search.adapters.elastic_reader import ElasticReader\n"
        "reader = ElasticReader(ElasticSettings(urls=(sys.argv[1],), name=sys.argv[2]))\n"
    )

    @pytest.fixture
    def open_writer(self, settings: ElasticSettings) -> Callable[[], SearchWriter]:
        return lambda: ElasticWriter(settings)

    @pytest.fixture
    def open_reader(self, settings: ElasticSettings) -> Callable[[], SearchReader]:
        return lambda: ElasticReader(settings)

    @pytest.fixture
    def reader_arguments(self, settings: ElasticSettings) -> Sequence[str]:
        return [settings.urls[0], settings.name]
