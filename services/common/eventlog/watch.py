"""Watches a topic from a cursor: replays what is kept, then follows, with checkpoints that say "nothing older will come"."""

import base64
from collections.abc import AsyncIterator
from typing import NamedTuple

import orjson
import psycopg

from services.common.errors import CursorExpired
from services.common.eventlog.epoch import common_ends
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
    told = _Told.read(cursor)
    ends = [kept.get(p, (0, 0)) for p in range(len(told.positions))]
    if told.topic != topic or told.epoch > epoch:
        raise CursorExpired("the cursor is of another stream: start again without one")
    if told.epoch < epoch:
        raise await _of_lost_future(conn, told, epoch)
    if any(at > end for at, (_, end) in zip(told.positions, ends, strict=True)):
        raise CursorExpired("the cursor is of no stream that was ever here: start again without one")
    if any(at < first for at, (first, _) in zip(told.positions, ends, strict=True)):
        raise CursorExpired("the cursor is older than what is kept: start again without one")
    return list(told.positions)


async def _of_lost_future(conn: psycopg.AsyncConnection, told: "_Told", epoch: int) -> CursorExpired:
    """Return the error that names where to resume: at the last place that both histories have in common."""
    common = await common_ends(conn, told.topic, told.epoch)
    resume = _encode(told.topic, epoch, [min(at, common.get(p, 0)) for p, at in enumerate(told.positions)])
    return CursorExpired(
        "the cursor is of before a restore: forget what came after metadata.resume_cursor, and resume there",
        metadata={"resume_cursor": resume},
    )


class _Told(NamedTuple):
    """What a cursor says."""

    topic: str
    epoch: int
    positions: list[int]

    @classmethod
    def read(cls, cursor: str) -> "_Told":
        """Read a cursor; raises CursorExpired when it is none."""
        try:
            topic, epoch, positions = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
            return cls(str(topic), int(epoch), [int(at) for at in positions])
        except (ValueError, TypeError) as error:
            raise CursorExpired("this is no cursor of this stream: start again without one") from error


def _encode(topic: str, epoch: int, positions: list[int]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([topic, epoch, positions])).decode()
