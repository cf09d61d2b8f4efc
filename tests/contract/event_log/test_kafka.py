"""Kafka keeps the contract of the event log; and what only it has: topics made as the table says."""

from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic

from services.common.db.pool import Pool, open_pool
from services.common.errors import PreconditionFailed
from services.common.eventlog.kafka.log import KafkaEventLog
from services.common.eventlog.kafka.settings import KafkaSettings
from services.common.eventlog.kafka.topics import ensure_topics
from services.common.eventlog.port import EventLog
from services.common.eventlog.topics import COMPLAINT, RECORD
from tests.contract.event_log.suite import EventLogContract


class TestKafka(EventLogContract):
    @pytest.fixture
    def log(self, settings: KafkaSettings) -> Iterator[EventLog]:
        ensure_topics(settings, [COMPLAINT])
        log = KafkaEventLog(settings)
        yield log
        log.close()

    @pytest.fixture
    def pool(self, dsn: str) -> Iterator[Pool]:
        pool = open_pool(dsn)
        yield pool
        pool.close()


def test_topics_are_made_as_the_table_says(settings: KafkaSettings) -> None:
    ensure_topics(settings, [COMPLAINT, RECORD])
    ensure_topics(settings, [COMPLAINT, RECORD])
    assert configured(settings, RECORD)["cleanup.policy"] == "compact"
    assert configured(settings, RECORD)["max.compaction.lag.ms"] == str(24 * 3600 * 1000)
    assert configured(settings, COMPLAINT)["retention.ms"] == str(30 * 24 * 3600 * 1000)


def test_a_topic_with_other_partitions_is_refused(settings: KafkaSettings) -> None:
    admin = KafkaAdminClient(**settings.connection)
    admin.create_topics([NewTopic(settings.physical(COMPLAINT), 1, 1)], wait_for_metadata=True)
    admin.close()
    with pytest.raises(PreconditionFailed, match="has 1 partitions, not 12"):
        ensure_topics(settings, [COMPLAINT])


def configured(settings: KafkaSettings, topic: str) -> dict[str, str]:
    admin = KafkaAdminClient(**settings.connection)
    told = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, settings.physical(topic))])
    admin.close()
    return {name: entry["value"] for name, entry in told["topic"][settings.physical(topic)].items()}
