"""Feeds get shorter: what is old and read goes, what is superseded goes, and nothing that anybody still needs."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from services.common.clock import FixedClock
from services.common.errors import CursorExpired
from services.common.eventlog import offsets, reader
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.port import Message, TopicPartition
from services.common.eventlog.retention import Retention
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import COMPLAINT, CREDIT_GROUP, GRADE_CHANGE, INTAKE_DAYS, RECORD, WATCH_DAYS
from services.common.eventlog.watch import Watched, watch

pytestmark = pytest.mark.both_majors

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)


def say(dsn: str, topic: str, *said: tuple[str, str], days_ago: float) -> None:
    """Put messages of a key on partition 0, as if so many days ago, and number them."""
    log = FeedsEventLog(dsn)
    log.publish([Message(topic=topic, key=key, value=text.encode(), headers={}, partition=0) for key, text in said])
    log.close()
    Sequencer(dsn).sequence_once()
    with psycopg.connect(dsn) as conn:
        texts = [text.encode() for _, text in said]
        at = NOW - timedelta(days=days_ago)
        conn.execute("UPDATE eventlog.message SET recorded_at = %s WHERE payload = ANY(%s)", [at, texts])


def held(dsn: str, topic: str) -> list[str]:
    with psycopg.connect(dsn) as conn:
        return [record.value.decode() for record in reader.read(conn, {TopicPartition(topic, 0): 0}, 100)]


def read_up_to(dsn: str, topic: str, offset: int) -> None:
    with psycopg.connect(dsn) as conn:
        offsets.advance(conn, CREDIT_GROUP, {TopicPartition(topic, 0): (0, offset)}, 1)


def retain(dsn: str) -> int:
    return Retention(dsn, FixedClock(NOW)).retain_once()


def test_what_is_old_and_read_goes(dsn: str) -> None:
    say(dsn, COMPLAINT, ("a", "old 1"), ("a", "old 2"), days_ago=INTAKE_DAYS + 1)
    say(dsn, COMPLAINT, ("a", "young"), days_ago=INTAKE_DAYS - 1)
    read_up_to(dsn, COMPLAINT, 3)
    assert retain(dsn) == 2
    assert held(dsn, COMPLAINT) == ["young"]
    with psycopg.connect(dsn) as conn:
        assert conn.execute("SELECT count(*) FROM eventlog.message").fetchone() == (1,)


def test_what_is_not_read_stays_however_old(dsn: str) -> None:
    say(dsn, COMPLAINT, ("a", "read"), ("a", "unread"), days_ago=INTAKE_DAYS * 10)
    assert retain(dsn) == 0
    read_up_to(dsn, COMPLAINT, 1)
    assert retain(dsn) == 1
    assert held(dsn, COMPLAINT) == ["unread"]


def test_nothing_goes_before_an_older_number_that_is_young(dsn: str) -> None:
    say(dsn, COMPLAINT, ("a", "committed late"), days_ago=1)
    say(dsn, COMPLAINT, ("a", "old"), days_ago=INTAKE_DAYS + 1)
    read_up_to(dsn, COMPLAINT, 2)
    assert retain(dsn) == 0


def test_of_a_compacted_feed_the_last_of_each_key_stays(dsn: str) -> None:
    say(dsn, RECORD, ("a", "a1"), ("b", "b1"), ("a", "a2"), days_ago=3)
    say(dsn, RECORD, ("a", "a3"), ("c", "c1"), days_ago=0.5)
    say(dsn, RECORD, ("c", "c2"), days_ago=0.1)
    assert retain(dsn) == 2
    assert held(dsn, RECORD) == ["b1", "a3", "c1", "c2"]


def test_a_feed_that_hardly_changed_is_left_alone(dsn: str) -> None:
    say(dsn, RECORD, *((f"k{n}", f"k{n}.1") for n in range(10)), days_ago=9)
    retain(dsn)
    say(dsn, RECORD, ("k0", "k0.2"), days_ago=2)
    assert retain(dsn) == 0
    say(dsn, RECORD, *((f"k{n}", f"k{n}.3") for n in range(10)), days_ago=2)
    assert retain(dsn) == 11


def test_a_watch_from_before_what_is_kept_is_told_so(dsn: str) -> None:
    say(dsn, GRADE_CHANGE, ("a", "1"), ("a", "2"), days_ago=WATCH_DAYS + 1)
    cursor = asyncio.run(first(dsn, "")).cursor
    say(dsn, GRADE_CHANGE, ("a", "3"), days_ago=WATCH_DAYS + 1)
    assert [r.value for r in asyncio.run(first(dsn, cursor)).records] == [b"3"]
    say(dsn, GRADE_CHANGE, ("a", "4"), days_ago=1)
    assert retain(dsn) == 3
    assert [r.value for r in asyncio.run(first(dsn, "")).records] == [b"4"]
    with pytest.raises(CursorExpired, match="older than what is kept"):
        asyncio.run(first(dsn, cursor))


async def first(dsn: str, cursor: str) -> Watched:
    """Return the first that a watch says."""
    stream = watch(dsn, GRADE_CHANGE, cursor)
    try:
        return await anext(stream)
    finally:
        await stream.aclose()  # type: ignore[attr-defined]
