"""Reads a topic on from a position, and waits for what comes."""

from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from services.common.eventlog import reader
from services.common.eventlog.port import Record, TopicPartition
from services.common.eventlog.sequencer import SEQUENCED
from services.common.eventlog.topics import TOPICS

PAGE = 500
WAIT_SECONDS = 1.0


def starts(conn: Connection[Any], topic: str, *, from_start: bool) -> dict[TopicPartition, int]:
    """Return where to begin in each partition: at the first record, or after the last."""
    ends = reader.end_offsets(conn, topic, TOPICS[topic].partitions)
    return dict.fromkeys(ends, 0) if from_start else ends


def kept(conn: Connection[Any], positions: dict[TopicPartition, int]) -> Iterator[Record]:
    """Give the records that are there, and move the positions past them."""
    while page := reader.read(conn, positions, PAGE):
        for record in page:
            positions[TopicPartition(record.topic, record.partition)] = record.offset + 1
            yield record


def follow(conn: Connection[Any], positions: dict[TopicPartition, int]) -> Iterator[Record]:
    """Give the records that are there and all that come, until the caller stops."""
    conn.execute(f"LISTEN {SEQUENCED}")
    while True:
        yield from kept(conn, positions)
        for _ in conn.notifies(timeout=WAIT_SECONDS, stop_after=1):
            pass  # the records are read from the feed; the notice only ends the wait
