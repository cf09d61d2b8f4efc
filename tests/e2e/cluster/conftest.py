"""The system as separate processes on a real Kafka, a real Elasticsearch and the machine's PostgreSQL."""

from collections.abc import Iterator

import pytest

from deploy.engines.elasticsearch import Elasticsearch
from deploy.engines.kafka import Kafka
from deploy.engines.postgres import Postgres
from services.launcher.cluster import Cluster, Engines
from services.launcher.state import Endpoints, State
from tests.engine_fixtures import elasticsearch, kafka, server_postgres
from tests.ports import free_ports

__all__ = ["elasticsearch", "kafka", "server_postgres"]


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    kafka: Kafka,
    elasticsearch: Elasticsearch,
    server_postgres: Postgres,
) -> Iterator[Cluster]:
    engines = Engines(kafka=kafka.bootstrap, elasticsearch=elasticsearch.url, dsn=server_postgres.dsn)
    state = State(tmp_path_factory.mktemp("cluster"), free_ports(16))
    with Cluster(state, engines) as running:
        yield running


@pytest.fixture(scope="module")
def cluster(system: Cluster) -> Endpoints:
    return system.start()
