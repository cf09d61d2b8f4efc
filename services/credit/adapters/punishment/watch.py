"""Streams a department's sequence from a cursor: replays what is kept, then follows, with checkpoints."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import NamedTuple

import orjson
import psycopg
from merchantcredit.events.v1.directive_pb2 import NumberedDirective

from services.common.errors import CursorExpired
from services.credit.adapters.punishment.bells import Bells
from services.credit.adapters.punishment.sequence_reads import MAX_DIRECTIVES, SequenceReads

#: A checkpoint at least this often, so that an idle stream and a stalled one look different.
CHECKPOINT_SECONDS = 5.0


class Watched(NamedTuple):
    """Directives in order; a checkpoint when all that was there is sent. Resume from `cursor`."""

    directives: list[NumberedDirective]
    cursor: str
    is_checkpoint: bool


class DirectiveStreams:
    """The streams of one server: they share a connection that reads and one that listens."""

    def __init__(self, dsn: str) -> None:
        self._bells = Bells(dsn)
        self._reads = SequenceReads(dsn)

    async def watch(self, department: str, cursor: str) -> AsyncIterator[Watched]:
        """Yield a department's directives from a cursor on, then what comes; never ends by itself.

        A cursor that comes back tells that all before it has arrived, which is noted as delivered. Raises CursorExpired
        when it is malformed, of another department, or of a lost future.
        """
        with self._bells.bell(department) as bell:
            await self._bells.ready()
            epoch = await _epoch(await self._reads.connection())
            last = await _start(await self._reads.connection(), department, cursor, epoch)
            while True:
                bell.clear()
                directives = await self._reads.read(department, last)
                last = directives[-1].number if directives else last
                is_all = len(directives) < MAX_DIRECTIVES
                yield Watched(directives, _encode(department, epoch, last), is_all)
                if is_all:
                    with suppress(TimeoutError):  # then it is time for a checkpoint
                        await asyncio.wait_for(bell.wait(), CHECKPOINT_SECONDS)

    def close(self) -> None:
        """Close the connections."""
        self._bells.close()
        self._reads.close()


async def _start(conn: psycopg.AsyncConnection, department: str, cursor: str, epoch: int) -> int:
    """Return the number after which to go on, and note what a cursor proves to have arrived."""
    if not cursor:
        return 0
    try:
        told_department, told_epoch, last = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError) as error:
        raise CursorExpired("this is no cursor of this stream: start again without one") from error
    if told_department == department and isinstance(told_epoch, int) and told_epoch < epoch:
        raise CursorExpired(
            "the cursor is of before a restore: resume at metadata.resume_cursor, and compare each number's digest with yours",
            metadata={"resume_cursor": _encode(department, epoch, 0)},
        )
    is_ours = told_department == department and told_epoch == epoch and isinstance(last, int) and last >= 0
    noted = await conn.execute(
        "UPDATE credit.department_feed SET delivered_through = greatest(delivered_through, %s)"
        " WHERE department = %s AND last_number >= %s",
        [last, department, last],
    ) if is_ours else None  # fmt: skip
    if noted is None or (last and not noted.rowcount):
        raise CursorExpired("the cursor is of another department or of before a restore: start again without one")
    return int(last)


async def _epoch(conn: psycopg.AsyncConnection) -> int:
    row = await (await conn.execute("SELECT max(epoch) FROM eventlog.epoch")).fetchone()
    return int(row[0]) if row else 0


def _encode(department: str, epoch: int, last: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([department, epoch, last])).decode()
