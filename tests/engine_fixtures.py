"""Real engines as fixtures: imported by the conftest of each folder whose tests ask for one."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from deploy.engines.elasticsearch import Elasticsearch, release_of
from deploy.engines.kafka import Kafka
from deploy.engines.postgres import Postgres
from deploy.engines.versions import DEFAULT_ELASTICSEARCH
from services.common.eventlog.kafka.settings import KafkaSettings
from tests.engines import SOFTWARE, running
from tests.ports import free_ports


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    engine = Kafka(folder=tmp_path_factory.mktemp("kafka"), port=free_ports(), software=SOFTWARE)
    with running(engine):
        yield engine


@pytest.fixture(scope="session")
def elasticsearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elasticsearch]:
    """Return a running node; ES_VERSION chooses the release."""
    release = release_of(os.environ.get("ES_VERSION") or DEFAULT_ELASTICSEARCH)
    folder = tmp_path_factory.mktemp("elasticsearch")
    engine = Elasticsearch(folder=folder, port=free_ports(), software=SOFTWARE, release=release)
    with running(engine):
        yield engine


@pytest.fixture(scope="session")
def server_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Return the PostgreSQL server of the machine, 15 or later, beside the embedded 18."""
    engine = Postgres(folder=tmp_path_factory.mktemp("server-postgres"), port=free_ports())
    with running(engine):
        yield engine


@pytest.fixture
def settings(kafka: Kafka) -> KafkaSettings:
    """Return settings with a namespace of the test's own: its topics and groups are new."""
    return KafkaSettings(bootstrap=kafka.bootstrap, namespace=f"t{uuid4().hex[:12]}.", session_seconds=3)
