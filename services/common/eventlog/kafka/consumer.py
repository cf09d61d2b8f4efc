"""A member of a consumer group over Kafka; its offsets come from the consumer's own database."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer
from kafka import TopicPartition as Place
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from services.common.eventlog.kafka.assignor import CoPartitionAssignor
from services.common.eventlog.kafka.settings import CONSUMER, KafkaSettings
from services.common.eventlog.port import OffsetLoader, Record, TopicPartition, UnknownTopic
from services.common.logs import told

#: How often the broker is told how far we are, for tools that show the lag; and so that it keeps the group's generation.
HINT_SECONDS = 5.0
TOPIC_SECONDS = 30.0
#: A position is known without asking the broker once the partition was sought.
POSITION_MS = 100
#: The client asks ahead, so that a first fetch holds what came soon after the last poll; so long is waited for what came since.
FRESH_SECONDS = 0.02
#: How long a member that stops waits for the broker's leave.
CLOSE_MS = 3000
log = structlog.get_logger()


class KafkaMember:
    """A member of a group; see the port."""

    def __init__(
        self, settings: KafkaSettings, *, group: str, topics: Sequence[str], load_offsets: OffsetLoader
    ) -> None:
        self._settings = settings
        self._consumer = KafkaConsumer(
            **settings.connection,
            **CONSUMER,
            group_id=settings.physical(group),
            partition_assignment_strategy=[CoPartitionAssignor],
            session_timeout_ms=int(settings.session_seconds * 1000),
            heartbeat_interval_ms=int(settings.session_seconds * 1000 / 4),
        )
        self._generation = -1
        self._next_hint = 0.0
        self._topics = [settings.physical(topic) for topic in topics]
        self._consumer.subscribe(self._topics, listener=_SeekOnAssignment(self._consumer, settings, load_offsets))

    def poll(self, *, max_records: int, timeout_seconds: float) -> Sequence[Record]:
        """Return the next records; a fetch holds about a thousand, so a larger batch takes several.

        Raises UnknownTopic when a topic is not in the cluster.
        """
        self._await_topics()
        found = self._fetch(max_records, timeout_seconds)
        until = time.monotonic() + FRESH_SECONDS
        while found and len(found) < max_records:
            more = self._fetch(max_records - len(found), max(0.0, until - time.monotonic()))
            if not more:
                break
            found += more
        owned = self.assignment()
        self._generation = self._consumer.group_metadata().generation_id
        self._hint()
        return [record for record in found if TopicPartition(record.topic, record.partition) in owned]

    def assignment(self) -> frozenset[TopicPartition]:
        """Return the partitions that this member now owns."""
        return frozenset(_logical(self._settings, place) for place in self._consumer.assignment())

    def generation(self) -> int:
        """Return the group's generation at the last poll."""
        return self._generation

    def positions(self) -> Mapping[TopicPartition, int]:
        """Return where each assigned partition is read on; the end of a transaction takes an offset without a record."""
        places = {
            place: self._consumer.position(place, timeout_ms=POSITION_MS) for place in self._consumer.assignment()
        }
        return {_logical(self._settings, place): at for place, at in places.items() if at is not None}

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Read on from these offsets."""
        owned = self.assignment()
        for partition, offset in offsets.items():
            if partition in owned:
                self._consumer.seek(_physical(self._settings, partition), offset)

    def close(self) -> None:
        """Leave the group and close the connections; in the middle of a rebalance the broker answers no leave, and the session ends."""
        self._consumer.close(autocommit=False, timeout_ms=CLOSE_MS)

    def _await_topics(self) -> None:
        """Wait until the cluster tells the topics' partitions: a member that joins before is given none of them."""
        deadline = time.monotonic() + TOPIC_SECONDS
        while self._topics:
            if self._consumer.partitions_for_topic(self._topics[-1]):
                self._topics.pop()
            elif time.monotonic() > deadline:
                raise UnknownTopic(f"{self._topics[-1]} is not in the cluster: run the role migrate first")

    def _fetch(self, max_records: int, timeout_seconds: float) -> list[Record]:
        fetched = self._consumer.poll(timeout_ms=int(timeout_seconds * 1000), max_records=max_records)
        return [_record(self._settings, record) for records in fetched.values() for record in records]

    def _hint(self) -> None:
        """Tell the broker the positions; nothing depends on it, so what goes wrong is only logged."""
        if time.monotonic() < self._next_hint:
            return
        self._next_hint = time.monotonic() + HINT_SECONDS
        known = {_physical(self._settings, tp): OffsetAndMetadata(at, "", -1) for tp, at in self.positions().items()}
        if known:
            self._consumer.commit_async(known, callback=_log_failed_hint)


class _SeekOnAssignment(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """Starts newly assigned partitions where the consumer's database says; runs on kafka-python's own thread."""

    def __init__(self, consumer: KafkaConsumer, settings: KafkaSettings, load_offsets: OffsetLoader) -> None:
        self._consumer = consumer
        self._settings = settings
        self._load_offsets = load_offsets

    def on_partitions_assigned(self, assigned: Sequence[Place]) -> None:
        """Load and seek, before anything is fetched."""
        offsets = self._load_offsets(sorted(_logical(self._settings, place) for place in assigned))
        for partition, offset in offsets.items():
            self._consumer.seek(_physical(self._settings, partition), offset)

    def on_partitions_revoked(self, revoked: Sequence[Place]) -> None:
        """Do nothing: what was not committed is another member's now, and our transaction would fail on its offsets."""


def _log_failed_hint(_: object, response: object) -> None:
    if isinstance(response, KafkaError):
        log.info("lag_hint_failed", error=told(response))


def _record(settings: KafkaSettings, record: Any) -> Record:
    key = record.key.decode() if record.key else ""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    return Record(settings.logical(record.topic), record.partition, record.offset, key, headers, record.value or b"")


def _logical(settings: KafkaSettings, place: Place) -> TopicPartition:
    return TopicPartition(settings.logical(place.topic), place.partition)


def _physical(settings: KafkaSettings, partition: TopicPartition) -> Place:
    return Place(settings.physical(partition.topic), partition.partition)
