"""Says records again after a restore: what the topic holds of the lost future is replaced, or said to be gone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import psycopg

from services.common.eventlog import outbox
from services.common.eventlog.epoch import current
from services.common.eventlog.port import EventLog, TopicPartition
from services.common.eventlog.topics import RECORD
from services.credit.adapters.record_store import record_message

CHUNK = 1000
POLL_SECONDS = 0.5
# As writers do, the rows of the subjects first: what is said here cannot come after what somebody says meanwhile.
_LOCK = "SELECT id, code FROM credit.subject WHERE id > %s ORDER BY id LIMIT %s FOR UPDATE"
_READ = "SELECT code, revision, record FROM credit.public_record WHERE code = ANY(%s)"
_ABSENT = """
SELECT code FROM unnest(%s::text[]) AS g (code) WHERE NOT EXISTS (SELECT FROM credit.public_record p WHERE p.code = g.code)
ORDER BY code
"""


def keys_on_topic(event_log: EventLog) -> set[str]:
    """Return the keys whose last message on the record topic is a record."""
    ends = event_log.end_offsets(RECORD)
    alive: set[str] = set()
    consumer = event_log.consumer(group=f"credit.republish.{uuid4().hex}", topics=[RECORD], load_offsets=_from_start)
    try:
        while any(consumer.positions().get(tp, 0) < end for tp, end in ends.items()):
            for record in consumer.poll(max_records=CHUNK, timeout_seconds=POLL_SECONDS):
                (alive.add if record.value else alive.discard)(record.key)
    finally:
        consumer.close()
    return alive


def say_again(conn: psycopg.Connection[Any], at: datetime) -> int:
    """Announce every published record in the present epoch, some at a time; returns how many."""
    said, last = 0, 0
    while True:
        with conn.transaction():
            subjects = conn.execute(_LOCK, [last, CHUNK]).fetchall()
            if not subjects:
                return said
            rows = conn.execute(_READ, [[code for _, code in subjects]]).fetchall()
            epoch = current(conn)
            outbox.append(conn, [record_message(code, revision, epoch, record, at) for code, revision, record in rows])
        said, last = said + len(rows), subjects[-1][0]


def say_gone(conn: psycopg.Connection[Any], on_topic: Iterable[str], at: datetime) -> int:
    """Announce tombstones for the keys of the topic that have no record; returns how many.

    Nobody can publish a record for the first time meanwhile: its announcement cannot be overtaken by our tombstone.
    """
    with conn.transaction():
        conn.execute("LOCK TABLE credit.public_record IN SHARE ROW EXCLUSIVE MODE")
        gone = [code for (code,) in conn.execute(_ABSENT, [sorted(on_topic)])]
        epoch = current(conn)
        outbox.append(conn, [record_message(code, 0, epoch, b"", at) for code in gone])
    return len(gone)


def _from_start(partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
    return dict.fromkeys(partitions, 0)
