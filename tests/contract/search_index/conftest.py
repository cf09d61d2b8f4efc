"""A real Elasticsearch for the tests of this folder that ask for one; ES_VERSION chooses the release."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest
from elasticsearch import Elasticsearch as Client

from deploy.engines.elasticsearch import Elasticsearch, release_of
from deploy.engines.versions import DEFAULT_ELASTICSEARCH
from services.search.adapters.elastic_client import ElasticSettings
from tests.engines import SOFTWARE, free_ports, running


@pytest.fixture(scope="session")
def elasticsearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elasticsearch]:
    release = release_of(os.environ.get("ES_VERSION") or DEFAULT_ELASTICSEARCH)
    folder = tmp_path_factory.mktemp("elasticsearch")
    engine = Elasticsearch(folder=folder, port=free_ports(), software=SOFTWARE, release=release)
    with running(engine):
        yield engine


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
    client.options(ignore_status=404).indices.delete_index_template(name=made.name)
