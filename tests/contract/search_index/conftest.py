"""A real Elasticsearch for the tests of this folder that ask for one; ES_VERSION chooses the release."""

import os
from collections.abc import Iterator

import pytest

from deploy.engines.elasticsearch import Elasticsearch, release_of
from deploy.engines.versions import DEFAULT_ELASTICSEARCH
from tests.engines import SOFTWARE, free_ports, running


@pytest.fixture(scope="session")
def elasticsearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elasticsearch]:
    release = release_of(os.environ.get("ES_VERSION") or DEFAULT_ELASTICSEARCH)
    folder = tmp_path_factory.mktemp("elasticsearch")
    engine = Elasticsearch(folder=folder, port=free_ports(), software=SOFTWARE, release=release)
    with running(engine):
        yield engine
