"""The role that makes the topics, for a cluster where who migrates a database may not."""

import pytest
from kafka import KafkaAdminClient

from services.common import role
from services.common.config import Config
from services.common.errors import InvalidInput
from services.common.eventlog.kafka.settings import KafkaSettings
from services.common.eventlog.topics import TOPICS


def test_all_topics_are_made_once(settings: KafkaSettings) -> None:
    config = Config.model_validate({"kafka": {"bootstrap": settings.bootstrap, "namespace": settings.namespace}})
    for _ in range(2):
        role.TOPICS.run(config)
    admin = KafkaAdminClient(**settings.connection)
    made = {name for name in admin.list_topics() if name.startswith(settings.namespace)}
    admin.close()
    assert made == {settings.physical(name) for name in TOPICS}


def test_without_a_cluster_the_missing_key_is_named() -> None:
    with pytest.raises(InvalidInput, match="kafka"):
        role.TOPICS.run(Config())
