"""The Kafka adapter of the event log.

What it promises beyond the feeds: throughput and copies of a cluster. What it cannot: a publication of several messages
is not one transaction here (the relay's is), and a topic lives as long as the cluster keeps it.
"""

from collections.abc import Mapping, Sequence

from kafka import KafkaConsumer, KafkaProducer
from kafka import TopicPartition as Place
from kafka.errors import IllegalStateError, KafkaError

from services.common.eventlog.kafka.consumer import KafkaMember
from services.common.eventlog.kafka.settings import CONSUMER, PRODUCER, KafkaSettings
from services.common.eventlog.partition import partition_of
from services.common.eventlog.port import Consumer, LogClosed, Message, OffsetLoader, TopicPartition, UnknownTopic
from services.common.eventlog.topics import TOPICS

FLUSH_SECONDS = 60.0


class KafkaEventLog:
    """The event log kept in a Kafka cluster, whose topics exist (topics.py)."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer = KafkaProducer(**settings.connection, **PRODUCER)

    def publish(self, messages: Sequence[Message]) -> None:
        """Append messages; each key to the partition that the feeds would choose."""
        for message in messages:
            _known(message.topic)
        try:
            sent = [send(self._producer, self._settings, message) for message in messages]
            self._producer.flush(FLUSH_SECONDS)
            for one in sent:
                one.get(FLUSH_SECONDS)
        except (KafkaError, IllegalStateError) as error:
            raise LogClosed(f"the event log does not take messages: {error}") from error

    def consumer(self, *, group: str, topics: Sequence[str], load_offsets: OffsetLoader) -> Consumer:
        """Return a new member of a group; raises UnknownTopic."""
        for topic in topics:
            _known(topic)
        return KafkaMember(self._settings, group=group, topics=topics, load_offsets=load_offsets)

    def end_offsets(self, topic: str) -> Mapping[TopicPartition, int]:
        """Return the offset after the last committed record of each partition."""
        places = [Place(self._settings.physical(topic), n) for n in range(_known(topic))]
        reader = KafkaConsumer(**self._settings.connection, **CONSUMER)
        try:
            ends = reader.end_offsets(places)
        finally:
            reader.close()
        return {TopicPartition(topic, place.partition): end for place, end in ends.items()}

    def close(self) -> None:
        """Send what is left, and close the connections."""
        self._producer.close()


def send(producer: KafkaProducer, settings: KafkaSettings, message: Message):  # type: ignore[no-untyped-def]  # noqa: ANN201 - kafka-python has no types
    """Hand a message to a producer and return its future; the partition is named, because murmur2 there is slow."""
    partition = message.partition
    if partition is None:
        partition = partition_of(message.key, TOPICS[message.topic].partitions)
    return producer.send(
        settings.physical(message.topic),
        value=message.value,
        key=message.key.encode(),
        headers=[(name, value.encode()) for name, value in message.headers.items()],
        partition=partition,
    )


def _known(topic: str) -> int:
    if topic not in TOPICS:
        raise UnknownTopic(f"{topic} is no topic of the platform", metadata={"topic": topic})
    return TOPICS[topic].partitions
