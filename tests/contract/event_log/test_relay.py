"""The relay brings feeds to Kafka in order, and a relay that was killed or frozen leaves the last message the last."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from typing import Any

import psycopg
import pytest
from kafka import TopicPartition as Place

from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.kafka import relay as kafka_relay
from services.common.eventlog.kafka.log import KafkaEventLog, send
from services.common.eventlog.kafka.relay import Relay
from services.common.eventlog.kafka.settings import KafkaSettings
from services.common.eventlog.kafka.topics import ensure_topics
from services.common.eventlog.port import Message, Record, TopicPartition
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import RECORD

PATIENCE_SECONDS = 60.0
#: A lease that was renewed just before the freeze runs for four seconds more; the rest is the other's look at it.
TAKE_OVER_SECONDS = 5.0
KEYS = 40
_SPAWN = multiprocessing.get_context("spawn")


def relay(dsn: str, settings: KafkaSettings) -> None:
    """Relay until killed."""
    Relay(dsn, settings, "test").run(threading.Event())


@pytest.fixture
def relays(dsn: str, settings: KafkaSettings) -> Iterator[list[BaseProcess]]:
    """Run two relays of one service over a database with a sequencer."""
    ensure_topics(settings)
    stop = threading.Event()
    sequencing = threading.Thread(target=Sequencer(dsn).run, args=(stop,))
    sequencing.start()
    processes: list[BaseProcess] = [_SPAWN.Process(target=relay, args=(dsn, settings), daemon=True) for _ in range(2)]
    for process in processes:
        process.start()
    yield processes
    for process in processes:
        process.kill()
        process.join()
    stop.set()
    sequencing.join()


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that other processes do."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def value(dsn: str, query: str) -> str:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(query).fetchone()  # type: ignore[call-overload]
    return str(row[0]) if row and row[0] is not None else ""


def leader(dsn: str) -> int:
    """Return the process that holds the lease; 0 when none does."""
    holder = value(dsn, "SELECT holder FROM eventlog.lease WHERE expires_at > clock_timestamp()")
    return int(holder.split(":")[1]) if holder else 0


def is_done(dsn: str) -> bool:
    """Tell whether everything that was said is numbered and relayed."""
    return (
        value(
            dsn,
            "SELECT (SELECT count(*) FROM eventlog.pending) + (SELECT coalesce(sum(next_seq), 0) FROM eventlog.feed)"
            " - (SELECT coalesce(sum(value), 0) FROM eventlog.group_offset WHERE group_id = 'relay')",
        )
        == "0"
    )


def say(dsn: str, rounds: range) -> None:
    """Say a new version of every key, round by round, each round a transaction."""
    log = FeedsEventLog(dsn)
    for n in rounds:
        log.publish([Message(topic=RECORD, key=f"k{k}", value=f"{n}".encode()) for k in range(KEYS)])
    log.close()


def arrived(settings: KafkaSettings) -> list[Record]:
    """Return all that the topic holds, as a reader of committed messages sees it."""
    log = KafkaEventLog(settings)
    ends = log.end_offsets(RECORD)
    member = log.consumer(group="look", topics=[RECORD], load_offsets=lambda parts: dict.fromkeys(parts, 0))
    found: list[Record] = []
    seen: dict[TopicPartition, int] = {}
    deadline = time.monotonic() + PATIENCE_SECONDS
    # A transaction's end takes an offset of its own: so the last record lies one before the end.
    while any(seen.get(partition, 0) < end - 1 for partition, end in ends.items() if end):
        assert time.monotonic() < deadline, f"{seen} of {ends}"
        for record in member.poll(max_records=5000, timeout_seconds=0.2):
            found.append(record)
            seen[TopicPartition(record.topic, record.partition)] = record.offset + 1
    member.close()
    log.close()
    return found


def assert_last_is_last(records: list[Record], rounds: int) -> None:
    """Nothing is missing, and of each key the last message is the newest."""
    said: dict[str, list[int]] = {}
    for record in records:
        said.setdefault(record.key, []).append(int(record.value))
    assert len(said) == KEYS
    assert all(set(versions) == set(range(rounds)) for versions in said.values())
    assert all(versions[-1] == rounds - 1 for versions in said.values())


@pytest.mark.usefixtures("relays")
def test_what_is_said_arrives_in_order(dsn: str, settings: KafkaSettings) -> None:
    say(dsn, range(20))
    until(lambda: is_done(dsn))
    records = arrived(settings)
    for key in {record.key for record in records}:
        assert [int(r.value) for r in records if r.key == key] == list(range(20))


def test_a_killed_relay_is_followed_by_the_other(dsn: str, settings: KafkaSettings, relays: list[BaseProcess]) -> None:
    until(lambda: leader(dsn) != 0)
    said = threading.Thread(target=say, args=(dsn, range(200)))
    said.start()
    until(
        lambda: (
            int(value(dsn, "SELECT coalesce(sum(value), 0) FROM eventlog.group_offset WHERE group_id = 'relay'")) > 0
        )
    )
    first = leader(dsn)
    os.kill(first, signal.SIGKILL)
    said.join()
    until(lambda: is_done(dsn))
    assert leader(dsn) in {process.pid for process in relays} - {first}
    assert_last_is_last(arrived(settings), 200)


def test_a_frozen_relay_that_wakes_is_refused(dsn: str, settings: KafkaSettings, relays: list[BaseProcess]) -> None:
    until(lambda: leader(dsn) != 0)
    said = threading.Thread(target=say, args=(dsn, range(200)))
    said.start()
    until(
        lambda: (
            int(value(dsn, "SELECT coalesce(sum(value), 0) FROM eventlog.group_offset WHERE group_id = 'relay'")) > 0
        )
    )
    first = leader(dsn)
    os.kill(first, signal.SIGSTOP)
    frozen = time.monotonic()
    until(lambda: leader(dsn) not in (0, first))
    taken_over = time.monotonic() - frozen
    assert taken_over < TAKE_OVER_SECONDS
    said.join()
    until(lambda: is_done(dsn))
    os.kill(first, signal.SIGCONT)
    say(dsn, range(200, 210))
    until(lambda: is_done(dsn))
    assert_last_is_last(arrived(settings), 210)
    assert all(process.is_alive() for process in relays)


def test_what_a_transaction_lost_is_sent_again(
    dsn: str, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a sequence error, as a broker that crashed can give, kafka-python commits without what failed (decision 0076)."""
    ensure_topics(settings)
    spoil = threading.Event()

    def sending(producer: Any, to: KafkaSettings, message: Message) -> Any:
        if spoil.is_set():
            spoil.clear()
            place = Place(to.physical(RECORD), message.partition)
            producer._transaction_manager.increment_sequence_number(place, 7)
        return send(producer, to, message)

    monkeypatch.setattr(kafka_relay, "send", sending)
    stop = threading.Event()
    loops = [threading.Thread(target=one.run, args=(stop,)) for one in (Sequencer(dsn), Relay(dsn, settings, "test"))]
    for loop in loops:
        loop.start()
    try:
        say(dsn, range(1))
        until(lambda: is_done(dsn))
        spoil.set()
        say(dsn, range(1, 2))
        until(lambda: is_done(dsn))
    finally:
        stop.set()
        for loop in loops:
            loop.join()
    assert not spoil.is_set()
    assert_last_is_last(arrived(settings), 2)
