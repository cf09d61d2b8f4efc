"""A real Elasticsearch for the tests of this folder that ask for one."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch as Client

from deploy.engines.elasticsearch import Elasticsearch
from services.search.adapters.elastic_client import ElasticSettings
from tests.engine_fixtures import elasticsearch

__all__ = ["elasticsearch"]


@pytest.fixture
def client(elasticsearch: Elasticsearch) -> Iterator[Client]:
    with elasticsearch.client() as client:
        yield client


@pytest.fixture
def settings(elasticsearch: Elasticsearch, client: Client) -> Iterator[ElasticSettings]:
    """Return settings with names of the test's own; all that has them goes with it."""
    made = ElasticSettings(urls=(elasticsearch.url,), name=f"t{uuid4().hex}", replicas=0)
    yield made
    for index in client.indices.get(index=f"{made.name}*"):
        client.indices.delete(index=index)
    client.options(ignore_status=404).indices.delete_index_template(name=f"{made.name}*")
