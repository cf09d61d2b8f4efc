"""A real Kafka for the tests of this folder that ask for one."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from deploy.engines.kafka import Kafka
from services.common.eventlog.kafka.settings import KafkaSettings
from tests.engines import SOFTWARE, free_ports, running


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    engine = Kafka(folder=tmp_path_factory.mktemp("kafka"), port=free_ports(), software=SOFTWARE)
    with running(engine):
        yield engine


@pytest.fixture
def settings(kafka: Kafka) -> KafkaSettings:
    """Return settings with a namespace of the test's own: its topics and groups are new."""
    return KafkaSettings(bootstrap=kafka.bootstrap, namespace=f"t{uuid4().hex[:12]}.", session_seconds=3)
