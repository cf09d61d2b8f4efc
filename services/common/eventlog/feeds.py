"""The PostgreSQL adapter of the event log.

What it promises: order per partition, at least once, offsets in the consumer's database. What it cannot: a topic lives
as long as its messages are kept (retention.py), and throughput is that of one PostgreSQL writer.
"""

import time
from collections.abc import Mapping, Sequence
from uuid import uuid4

import psycopg

from services.common.db.pool import open_pool
from services.common.eventlog import groups, outbox, reader
from services.common.eventlog.port import LogClosed, Message, OffsetLoader, Record, TopicPartition, UnknownTopic
from services.common.eventlog.sequencer import SEQUENCED
from services.common.eventlog.topics import TOPICS

HEARTBEAT_SECONDS = 1.0
SESSION_SECONDS = 10.0


class FeedsEventLog:
    """The event log kept in PostgreSQL feeds."""

    def __init__(self, dsn: str, *, session_seconds: float = SESSION_SECONDS) -> None:
        self._dsn = dsn
        self._session_seconds = session_seconds
        self._pool = open_pool(dsn, max_size=4)

    def publish(self, messages: Sequence[Message]) -> None:
        """Append messages in a transaction of their own."""
        try:
            with self._pool.connection() as conn:
                outbox.append(conn, messages)
        except psycopg.OperationalError as error:
            raise LogClosed("the event log is closed") from error

    def consumer(self, *, group: str, topics: Sequence[str], load_offsets: OffsetLoader) -> "FeedsConsumer":
        """Return a new member of a group; raises UnknownTopic."""
        for topic in topics:
            _known(topic)
        return FeedsConsumer(
            self._dsn, group=group, topics=topics, load_offsets=load_offsets, session_seconds=self._session_seconds
        )

    def end_offsets(self, topic: str) -> Mapping[TopicPartition, int]:
        """Return the position after the last sequenced record of each partition."""
        with self._pool.connection() as conn:
            return reader.end_offsets(conn, topic, _known(topic))

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class FeedsConsumer:
    """A member of a consumer group over feeds."""

    def __init__(
        self, dsn: str, *, group: str, topics: Sequence[str], load_offsets: OffsetLoader, session_seconds: float
    ) -> None:
        self._conn = psycopg.connect(dsn, autocommit=True)
        self._conn.execute(f"LISTEN {SEQUENCED}")
        self._group = group
        self._topics = tuple(topics)
        self._load_offsets = load_offsets
        self._session_seconds = session_seconds
        self._member = uuid4().hex
        self._membership = groups.Membership(generation=-1, partitions=frozenset())
        self._positions: dict[TopicPartition, int] = {}
        self._next_heartbeat = 0.0

    def poll(self, *, max_records: int, timeout_seconds: float) -> Sequence[Record]:
        """Return the next records; see the port."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            self._keep_membership()
            records = reader.read(self._conn, self._positions, max_records)
            if records:
                self._move_past(records)
                return records
            left = deadline - time.monotonic()
            if left <= 0:
                return ()
            for _ in self._conn.notifies(timeout=min(left, HEARTBEAT_SECONDS), stop_after=1):
                pass  # the records are read from the feed; the notice only ends the wait

    def assignment(self) -> frozenset[TopicPartition]:
        """Return the partitions of the present generation."""
        return self._membership.partitions

    def generation(self) -> int:
        """Return the present generation."""
        return self._membership.generation

    def positions(self) -> Mapping[TopicPartition, int]:
        """Return where each assigned partition is read on."""
        return dict(self._positions)

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Read on from these offsets."""
        self._positions.update({tp: offset for tp, offset in offsets.items() if tp in self._positions})

    def close(self) -> None:
        """Leave the group and close the connection."""
        if not self._conn.closed:
            with self._conn.transaction():
                groups.leave(self._conn, group=self._group, member=self._member)
            self._conn.close()

    def _keep_membership(self) -> None:
        now = time.monotonic()
        if now < self._next_heartbeat:
            return
        self._next_heartbeat = now + min(HEARTBEAT_SECONDS, self._session_seconds / 3)
        with self._conn.transaction():
            membership = groups.heartbeat(
                self._conn,
                group=self._group,
                member=self._member,
                topics=self._topics,
                session_seconds=self._session_seconds,
            )
        if membership != self._membership:
            self._membership = membership
            self._positions = dict(self._load_offsets(sorted(membership.partitions)))

    def _move_past(self, records: Sequence[Record]) -> None:
        for record in records:
            self._positions[TopicPartition(record.topic, record.partition)] = record.offset + 1
        first = next(iter(self._positions))
        self._positions[first] = self._positions.pop(first)  # rotate, so that a busy partition starves nobody


def _known(topic: str) -> int:
    if topic not in TOPICS:
        raise UnknownTopic(f"{topic} is no topic of the platform", metadata={"topic": topic})
    return TOPICS[topic].partitions
