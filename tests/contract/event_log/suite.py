"""The contract of the event log, written against the port only: every adapter passes it unchanged.

A subclass gives `log` (the adapter under test), `pool` (the consumer's database) and `settle` (what makes published
messages readable when the adapter needs it).
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from services.common.db.pool import Pool
from services.common.eventlog import offsets
from services.common.eventlog.port import (
    Consumer,
    EventLog,
    LogClosed,
    Message,
    OffsetConflict,
    Record,
    TopicPartition,
    UnknownTopic,
)
from services.common.eventlog.topics import COMPLAINT, KEYED, VIOLATION

PATIENCE_SECONDS = 20.0


def message(key: str, n: int, headers: Mapping[str, str] | None = None) -> Message:
    return Message(topic=COMPLAINT, key=key, value=f"{key}:{n}".encode(), headers=headers or {})


def read(consumer: Consumer, count: int) -> list[Record]:
    """Poll until so many records came; fail when they do not come."""
    found: list[Record] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} records came"
        found += consumer.poll(max_records=500, timeout_seconds=0.2)
    return found


class EventLogContract:
    """What every event log keeps."""

    @pytest.fixture
    def log(self) -> EventLog:
        raise NotImplementedError

    @pytest.fixture
    def pool(self) -> Pool:
        raise NotImplementedError

    @pytest.fixture
    def join(self, log: EventLog, pool: Pool) -> Iterator[Callable[..., Consumer]]:
        members: list[Consumer] = []

        def load(partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
            with pool.connection() as conn:
                return offsets.load(conn, "contract", partitions)

        def join_group(*topics: str) -> Consumer:
            member = log.consumer(group="contract", topics=topics or (COMPLAINT,), load_offsets=load)
            members.append(member)
            return member

        yield join_group
        for member in members:
            member.close()

    @staticmethod
    def commit(pool: Pool, consumer: Consumer, records: Sequence[Record], start: Mapping[TopicPartition, int]) -> None:
        ends = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}
        moves = {tp: (start.get(tp, 0), end) for tp, end in ends.items()}
        with pool.connection() as conn:
            offsets.advance(conn, "contract", moves, consumer.generation())

    def test_order_holds_per_key(self, log: EventLog, join: Callable[..., Consumer]) -> None:
        log.publish([message(f"k{n % 7}", n) for n in range(210)])
        records = read(join(), 210)
        for k in range(7):
            mine = [int(r.value.split(b":")[1]) for r in records if r.key == f"k{k}"]
            assert mine == sorted(mine)
            assert len(mine) == 30

    def test_headers_and_large_messages_come_as_sent(self, log: EventLog, join: Callable[..., Consumer]) -> None:
        big = Message(topic=COMPLAINT, key="k", value=b"\x00\xff" * 500_000, headers={"ce_id": "1", "名": "值"})
        log.publish([big])
        (record,) = read(join(), 1)
        assert record.value == big.value
        assert dict(record.headers) == dict(big.headers)

    def test_an_unknown_topic_is_refused_and_nothing_written(self, log: EventLog) -> None:
        before = log.end_offsets(COMPLAINT)
        with pytest.raises(UnknownTopic):
            log.publish([message("k", 1), Message(topic="nowhere", key="k", value=b"")])
        with pytest.raises(UnknownTopic):
            log.consumer(group="g", topics=["nowhere"], load_offsets=lambda _: {})
        assert log.end_offsets(COMPLAINT) == before

    def test_what_was_not_committed_comes_again(self, log: EventLog, pool: Pool, join: Callable[..., Consumer]) -> None:
        log.publish([message("k", n) for n in range(10)])
        first = join()
        seen = read(first, 10)
        self.commit(pool, first, seen[:4], {})
        first.close()
        assert [r.value for r in read(join(), 6)] == [f"k:{n}".encode() for n in range(4, 10)]

    def test_partitions_are_handed_over_when_a_member_joins_and_leaves(self, join: Callable[..., Consumer]) -> None:
        first, second = join(), join()
        together = self._balanced(first, second)
        assert first.assignment().isdisjoint(second.assignment())
        first.close()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while second.assignment() != together:
            assert time.monotonic() < deadline
            second.poll(max_records=1, timeout_seconds=0.1)

    def test_each_member_has_the_same_numbers_of_every_topic_and_as_many_as_the_other(
        self, join: Callable[..., Consumer]
    ) -> None:
        members = join(COMPLAINT, VIOLATION), join(COMPLAINT, VIOLATION)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while [len(member.assignment()) for member in members] != [KEYED, KEYED]:
            assert time.monotonic() < deadline
            for member in members:
                member.poll(max_records=1, timeout_seconds=0.1)
        for member in members:
            complaints, violations = (
                {tp.partition for tp in member.assignment() if tp.topic == topic} for topic in (COMPLAINT, VIOLATION)
            )
            assert complaints == violations
            assert len(complaints) == KEYED // 2

    @staticmethod
    def _balanced(first: Consumer, second: Consumer) -> frozenset[TopicPartition]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (first.assignment() and second.assignment() and first.generation() == second.generation()):
            assert time.monotonic() < deadline
            first.poll(max_records=1, timeout_seconds=0.1)
            second.poll(max_records=1, timeout_seconds=0.1)
        return first.assignment() | second.assignment()

    def test_a_zombie_that_wakes_cannot_commit(self, log: EventLog, pool: Pool, join: Callable[..., Consumer]) -> None:
        log.publish([message("k", n) for n in range(5)])
        zombie = join()
        old = read(zombie, 5)
        zombie_generation = zombie.generation()
        successor = join()
        zombie.close()  # as its expiry would: the group no longer counts it
        new = read(successor, 5)
        self.commit(pool, successor, new, {})
        assert successor.generation() > zombie_generation
        with pytest.raises(OffsetConflict):
            self.commit(pool, zombie, old, {})

    def test_concurrent_publishers_lose_nothing(self, log: EventLog, join: Callable[..., Consumer]) -> None:
        def publish(worker: int) -> None:
            for n in range(20):
                log.publish([message(f"w{worker}", n)])

        threads = [threading.Thread(target=publish, args=(w,)) for w in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        records = read(join(), 80)
        assert len({r.value for r in records}) == 80

    def test_a_closed_log_says_so(self, log: EventLog) -> None:
        log.close()
        with pytest.raises(LogClosed):
            log.publish([message("k", 1)])
