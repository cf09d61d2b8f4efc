"""The port to the event log; the contract that the PostgreSQL feeds and Kafka both keep.

Delivery is at least once. Order holds per partition, and so per key. Offsets belong to the consumer: they live in the
consumer's own database, in the transaction of the effect, and are handed to the log when partitions are assigned.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from services.common.errors import PlatformError


class TopicPartition(NamedTuple):
    """One partition of a topic; the unit of order and of assignment."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a producer hands in. The partition follows from the key when it is None."""

    topic: str
    key: str
    value: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    partition: int | None = None


class Record(NamedTuple):
    """What a consumer gets: a message at its offset."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: Mapping[str, str]
    value: bytes


class UnknownTopic(PlatformError):
    """The topic is not in the table of topics; nothing was written."""


class LogClosed(PlatformError):
    """The connection to the log is closed."""


class OffsetConflict(PlatformError):
    """Another consumer moved this offset: the caller is a zombie and must roll back."""


#: Reads the offsets to resume from for newly assigned partitions; a partition without one starts at 0.
OffsetLoader = Callable[[Sequence[TopicPartition]], Mapping[TopicPartition, int]]


class Consumer(Protocol):
    """A member of a consumer group."""

    def poll(self, *, max_records: int, timeout_seconds: float) -> Sequence[Record]:
        """Return the next records of the assigned partitions, in order per partition; empty after the timeout.

        Joins the group at the first call and keeps its membership alive. A partition that was just assigned starts
        at the offset that the loader gives; records of a partition that was revoked are never returned afterwards.
        """
        ...

    def assignment(self) -> frozenset[TopicPartition]:
        """Return the partitions that this member now owns."""
        ...

    def generation(self) -> int:
        """Return the group's generation under which the assignment holds."""
        ...

    def positions(self) -> Mapping[TopicPartition, int]:
        """Return where each assigned partition is read on; beyond what the log holds there without being a record."""
        ...

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Read on from these offsets; used after a rolled-back batch."""
        ...

    def close(self) -> None:
        """Leave the group at once, so that others take over without waiting for a timeout."""
        ...


class EventLog(Protocol):
    """A log of topics."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Append messages; durable when it returns. Raises UnknownTopic before anything is written."""
        ...

    def consumer(self, *, group: str, topics: Sequence[str], load_offsets: OffsetLoader) -> Consumer:
        """Return a new member of a group; it joins at its first poll."""
        ...

    def end_offsets(self, topic: str) -> Mapping[TopicPartition, int]:
        """Return the offset up to which each partition can be read now: its consumers' positions come so far."""
        ...

    def close(self) -> None:
        """Release all connections."""
        ...
