"""Kafka keeps the contract of the event log; and what only it has: topics made as the table says."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

import pytest
from kafka import KafkaAdminClient
from kafka import TopicPartition as Place
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.structs import OffsetAndMetadata

from services.common.db.pool import Pool, open_pool
from services.common.errors import PreconditionFailed
from services.common.eventlog.kafka.log import KafkaEventLog
from services.common.eventlog.kafka.settings import KafkaSettings
from services.common.eventlog.kafka.topics import ensure_topics
from services.common.eventlog.port import EventLog, TopicPartition
from services.common.eventlog.topics import COMPLAINT, RECORD, VIOLATION
from tests.contract.event_log.suite import EventLogContract, message, read


class TestKafka(EventLogContract):
    @pytest.fixture
    def log(self, settings: KafkaSettings) -> Iterator[EventLog]:
        ensure_topics(settings, [COMPLAINT, VIOLATION])
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


def test_a_member_reads_from_the_database_however_late_it_answers(settings: KafkaSettings) -> None:
    """The broker was told that all is read, by a member that died with its batch; a slow database must not let that count."""
    ensure_topics(settings, [COMPLAINT])
    with closing(KafkaEventLog(settings)) as log:
        log.publish([message(f"k{n}", n) for n in range(60)])
        with closing(
            log.consumer(group="g", topics=[COMPLAINT], load_offsets=lambda asked: dict.fromkeys(asked, 0))
        ) as dies:
            read(dies, 60)
            positions = dies.positions()
        tell_broker(settings, positions)

        def load(asked: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
            threading.Event().wait(1.5)  # longer than polls wait
            return dict.fromkeys(asked, 0)

        with closing(log.consumer(group="g", topics=[COMPLAINT], load_offsets=load)) as lives:
            log.publish([message(f"k{n}", n) for n in range(60, 120)])
            assert {record.key for record in read(lives, 120)} == {f"k{n}" for n in range(120)}


def tell_broker(settings: KafkaSettings, positions: Mapping[TopicPartition, int]) -> None:
    """Commit positions at the broker, as a hint does."""
    admin = KafkaAdminClient(**settings.connection)
    told = {
        Place(settings.physical(tp.topic), tp.partition): OffsetAndMetadata(at, "", -1) for tp, at in positions.items()
    }
    admin.alter_group_offsets(settings.physical("g"), told)
    admin.close()


def configured(settings: KafkaSettings, topic: str) -> dict[str, str]:
    admin = KafkaAdminClient(**settings.connection)
    told = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, settings.physical(topic))])
    admin.close()
    return {name: entry["value"] for name, entry in told["topic"][settings.physical(topic)].items()}
