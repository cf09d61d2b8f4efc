"""The sequencer: gives every message its dense position in its feed; one runs at a time."""

import threading
import time

import psycopg
import structlog

from services.common.db import archive
from services.common.eventlog.outbox import APPENDED
from services.common.telemetry import health, metrics, names

#: Wakes the readers.
SEQUENCED = "eventlog_sequenced"
CHUNK = 5000
IDLE_SECONDS = 1.0
#: How often the outbox is measured while metrics are on.
MEASURE_SECONDS = 5.0

_NUMBER = """
WITH taken AS (
    DELETE FROM eventlog.pending
    WHERE message_id <= (
        SELECT max(message_id) FROM (SELECT message_id FROM eventlog.pending ORDER BY message_id LIMIT %s) AS chunk
    )
    RETURNING message_id, topic, partition
), numbered AS (
    SELECT message_id, topic, partition,
           row_number() OVER (PARTITION BY topic, partition ORDER BY message_id) AS n
    FROM taken
), moved AS (
    INSERT INTO eventlog.feed AS f (topic, partition, next_seq)
    SELECT topic, partition, count(*) FROM taken GROUP BY topic, partition
    ON CONFLICT (topic, partition) DO UPDATE SET next_seq = f.next_seq + excluded.next_seq
    RETURNING topic, partition, next_seq
), total AS (
    SELECT topic, partition, count(*) AS c FROM taken GROUP BY topic, partition
)
INSERT INTO eventlog.position (topic, partition, seq, message_id)
SELECT n.topic, n.partition, moved.next_seq - total.c + n.n - 1, n.message_id
FROM numbered n JOIN moved USING (topic, partition) JOIN total USING (topic, partition)
"""

_WAITING = """
SELECT (SELECT count(*) FROM (SELECT FROM eventlog.pending LIMIT 100000) AS counted),
       coalesce((SELECT extract(epoch FROM clock_timestamp() - m.recorded_at) FROM eventlog.message m
                 WHERE m.id = (SELECT min(message_id) FROM eventlog.pending)), 0)::float8
"""

log = structlog.get_logger()


class Sequencer:
    """Numbers pending messages in the order of their ids; a late commit gets a later number and holds nobody up."""

    name = "sequencer"

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._measure_at = 0.0

    def run(self, stop: threading.Event) -> None:
        """Number until stopped; waits for the lock while another sequencer holds it."""
        with psycopg.connect(self._dsn, autocommit=True) as conn:
            conn.execute(f"LISTEN {APPENDED}")
            with health.awaited(self.name):
                while not stop.is_set() and not self._take_turn(conn, stop):
                    pass

    def sequence_once(self) -> int:
        """Number what is pending now; returns how many messages got a position."""
        with psycopg.connect(self._dsn, autocommit=True) as conn:
            return _drain(conn)

    def _take_turn(self, conn: psycopg.Connection, stop: threading.Event) -> bool:
        row = conn.execute("SELECT pg_try_advisory_lock(hashtext('eventlog.sequencer'))").fetchone()
        if row is None or not row[0]:
            self._beat(conn)
            return stop.wait(IDLE_SECONDS)
        while not stop.is_set():
            self._beat(conn)
            _drain(conn)
            for _ in conn.notifies(timeout=IDLE_SECONDS, stop_after=1):
                pass  # what was appended is read from the table; the notice only ends the wait
        return True

    def _beat(self, conn: psycopg.Connection) -> None:
        """Say that we live, and what waits, also for the archive: a sequencer that stands by tells it too, so that a stuck one is seen."""
        health.beat(self.name)
        if not metrics.is_on() or time.monotonic() < self._measure_at:
            return
        self._measure_at = time.monotonic() + MEASURE_SECONDS
        row = conn.execute(_WAITING).fetchone()
        if row is not None:
            metrics.put(names.PENDING, row[0])
            metrics.put(names.PENDING_AGE, max(0.0, row[1]))
        metrics.put(names.ARCHIVE_HELD, archive.held_bytes(conn))


def _drain(conn: psycopg.Connection) -> int:
    total = 0
    while True:
        with conn.transaction():
            taken = conn.execute(_NUMBER, [CHUNK]).rowcount
            if taken:
                conn.execute("SELECT pg_notify(%s, '')", [SEQUENCED])
        total += taken
        if taken < CHUNK:
            return total
