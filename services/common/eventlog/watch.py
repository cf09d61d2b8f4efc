"""Watches a topic from a cursor: replays what is kept, then follows, with checkpoints that say "nothing older will come"."""

import base64
from collections.abc import AsyncIterator
from typing import NamedTuple

import orjson
import psycopg

from services.common.errors import CursorExpired
from services.common.eventlog.port import Record
from services.common.eventlog.reader import READ
from services.common.eventlog.sequencer import SEQUENCED
from services.common.eventlog.topics import TOPICS

MAX_RECORDS = 500
#: A checkpoint at least this often, so that an idle stream and a stalled one look different.
CHECKPOINT_SECONDS = 5.0


class Watched(NamedTuple):
    """Records in order, or a checkpoint when there are none; resume from `cursor`."""

    records: list[Record]
    cursor: str


async def watch(dsn: str, topic: str, cursor: str) -> AsyncIterator[Watched]:
    """Yield what a topic holds from a cursor on, then what comes; never ends by itself.

    Raises CursorExpired when the cursor is malformed, of another topic, of a lost future, or older than what is kept.
    """
    conn = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
    try:
        await conn.execute(f"LISTEN {SEQUENCED}")
        epoch = await _epoch(conn)
        positions = await _start(conn, topic, cursor, epoch)
        while True:
            records = await _read(conn, topic, positions)
            for record in records:
                positions[record.partition] = record.offset + 1
            yield Watched(records, _encode(topic, epoch, positions))
            if len(records) < MAX_RECORDS:
                async for _ in conn.notifies(timeout=CHECKPOINT_SECONDS, stop_after=1):
                    pass  # the records are read from the feed; the notice only ends the wait
    finally:
        await conn.close()


async def _read(conn: psycopg.AsyncConnection, topic: str, positions: list[int]) -> list[Record]:
    partitions = list(range(len(positions)))
    cursor = conn.cursor(binary=True)
    await cursor.execute(READ, [[topic] * len(partitions), partitions, positions, MAX_RECORDS, MAX_RECORDS])
    return sorted((Record(*row) for row in await cursor.fetchall()), key=lambda record: record[:3])


async def _epoch(conn: psycopg.AsyncConnection) -> int:
    row = await (await conn.execute("SELECT max(epoch) FROM eventlog.epoch")).fetchone()
    return int(row[0]) if row else 0


async def _start(conn: psycopg.AsyncConnection, topic: str, cursor: str, epoch: int) -> list[int]:
    rows = await (
        await conn.execute("SELECT partition, first_seq, next_seq FROM eventlog.feed WHERE topic = %s", [topic])
    ).fetchall()
    kept = {partition: (first, end) for partition, first, end in rows}
    if not cursor:
        return [kept.get(partition, (0, 0))[0] for partition in range(TOPICS[topic].partitions)]
    try:
        told_topic, told_epoch, positions = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError) as error:
        raise CursorExpired("this is no cursor of this stream: start again without one") from error
    ends = [kept.get(p, (0, 0)) for p in range(len(positions))]
    if (
        told_topic != topic
        or told_epoch != epoch
        or any(at > end for at, (_, end) in zip(positions, ends, strict=True))
    ):
        raise CursorExpired("the cursor is of another stream or of before a restore: start again without one")
    if any(at < first for at, (first, _) in zip(positions, ends, strict=True)):
        raise CursorExpired("the cursor is older than what is kept: start again without one")
    return list(positions)


def _encode(topic: str, epoch: int, positions: list[int]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([topic, epoch, positions])).decode()
