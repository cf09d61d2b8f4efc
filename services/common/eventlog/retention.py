"""Retention of feeds: what all have read is dropped after the topic's days; of a compacted feed, what is superseded.

Kafka does the same by itself in the other profile. Nothing is dropped that a group named in the topic's line has not
read, and nothing superseded within a day, so that a reader who is late by less sees each state.
"""

import threading
from datetime import datetime, timedelta

import psycopg
import structlog

from services.common.clock import Clock
from services.common.eventlog.topics import TOPICS, Topic

EVERY_SECONDS = 3600.0
CHUNK = 5000
#: As `max.compaction.lag.ms` of the other profile: a superseded state is kept so long at least.
COMPACTION_LAG = timedelta(days=1)
#: A feed is compacted when so large a share of its positions came since the last time (Kafka's own default).
DIRTY_SHARE = 0.5

_DROP = """
WITH oldest AS (
    SELECT p.seq, p.message_id, m.recorded_at FROM eventlog.position p JOIN eventlog.message m ON m.id = p.message_id
    WHERE p.topic = %(topic)s AND p.partition = %(partition)s AND p.seq < %(read)s ORDER BY p.seq LIMIT %(chunk)s
), gone AS (
    SELECT seq, message_id FROM oldest
    WHERE seq < coalesce((SELECT min(seq) FROM oldest WHERE recorded_at >= %(before)s), %(read)s)
), messages AS (
    DELETE FROM eventlog.message WHERE id IN (SELECT message_id FROM gone)
), positions AS (
    DELETE FROM eventlog.position
    WHERE topic = %(topic)s AND partition = %(partition)s AND seq IN (SELECT seq FROM gone) RETURNING seq
), moved AS (
    UPDATE eventlog.feed SET first_seq = (SELECT max(seq) + 1 FROM gone)
    WHERE topic = %(topic)s AND partition = %(partition)s AND EXISTS (SELECT FROM gone)
)
SELECT count(*) FROM positions
"""
_COMPACT = """
WITH held AS (
    SELECT p.seq, p.message_id, m.recorded_at, max(p.seq) OVER (PARTITION BY m.key) AS last
    FROM eventlog.position p JOIN eventlog.message m ON m.id = p.message_id
    WHERE p.topic = %(topic)s AND p.partition = %(partition)s
), gone AS (
    SELECT seq, message_id FROM held WHERE seq < last AND recorded_at < %(before)s
), messages AS (
    DELETE FROM eventlog.message WHERE id IN (SELECT message_id FROM gone)
), positions AS (
    DELETE FROM eventlog.position
    WHERE topic = %(topic)s AND partition = %(partition)s AND seq IN (SELECT seq FROM gone) RETURNING seq
), moved AS (
    UPDATE eventlog.feed SET compacted_to = next_seq WHERE topic = %(topic)s AND partition = %(partition)s
)
SELECT count(*) FROM positions
"""
_IS_DIRTY = """
SELECT next_seq - compacted_to > %(share)s * (
    SELECT count(*) FROM eventlog.position WHERE topic = %(topic)s AND partition = %(partition)s
) FROM eventlog.feed WHERE topic = %(topic)s AND partition = %(partition)s AND next_seq > compacted_to
"""
#: A group that has read nothing of a partition has read up to 0.
_READ_BY_ALL = """
SELECT least(next_seq, (
    SELECT min(coalesce(o.value, 0)) FROM unnest(%(groups)s::text[]) AS g (group_id)
    LEFT JOIN eventlog.group_offset o
    ON o.group_id = g.group_id AND o.topic = %(topic)s AND o.partition = %(partition)s
)) FROM eventlog.feed WHERE topic = %(topic)s AND partition = %(partition)s
"""

log = structlog.get_logger()


class Retention:
    """Drops each hour what need not be kept; one runs at a time."""

    name = "retention"

    def __init__(self, dsn: str, clock: Clock) -> None:
        self._dsn = dsn
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Retain until stopped, first at the start."""
        while True:
            self.retain_once()
            if stop.wait(EVERY_SECONDS):
                return

    def retain_once(self) -> int:
        """Drop what is due now and return how many positions that were; 0 while another one does so."""
        with psycopg.connect(self._dsn, autocommit=True) as conn:
            row = conn.execute("SELECT pg_try_advisory_lock(hashtext('eventlog.retention'))").fetchone()
            if row is None or not row[0]:
                return 0
            return sum(_retain(conn, topic, self._clock.now()) for topic in TOPICS.values())


def _retain(conn: psycopg.Connection, topic: Topic, now: datetime) -> int:
    dropped = 0
    for partition in range(topic.partitions):
        feed = {"topic": topic.name, "partition": partition}
        if topic.compacted:
            dropped += _compact(conn, feed, now)
        elif topic.retention_days is not None:
            dropped += _drop(conn, feed, topic, now - timedelta(days=topic.retention_days))
    if dropped:
        log.info("feed_shortened", topic=topic.name, positions=dropped)
    return dropped


def _drop(conn: psycopg.Connection, feed: dict[str, object], topic: Topic, before: datetime) -> int:
    """Drop chunk by chunk, each in a transaction of its own, so that no lock is held for long."""
    read = _number(conn, _READ_BY_ALL, {**feed, "groups": list(topic.groups)})
    dropped, last = 0, CHUNK
    while last == CHUNK:
        last = _number(conn, _DROP, {**feed, "read": read, "before": before, "chunk": CHUNK})
        dropped += last
    return dropped


def _compact(conn: psycopg.Connection, feed: dict[str, object], now: datetime) -> int:
    if not _number(conn, _IS_DIRTY, {**feed, "share": DIRTY_SHARE}):
        return 0
    return _number(conn, _COMPACT, {**feed, "before": now - COMPACTION_LAG})


def _number(conn: psycopg.Connection, query: str, given: dict[str, object]) -> int:
    row = conn.execute(query, given).fetchone()
    return int(row[0] or 0) if row else 0
