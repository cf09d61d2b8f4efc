"""Streams a department's sequence from a cursor: replays what is kept, then follows, with checkpoints."""

import base64
from collections.abc import AsyncIterator
from typing import NamedTuple

import orjson
import psycopg
from merchantcredit.events.v1.directive_pb2 import NumberedDirective

from services.common.errors import CursorExpired
from services.credit.adapters.punishment.dispatch import channel

MAX_DIRECTIVES = 500
#: A checkpoint at least this often, so that an idle stream and a stalled one look different.
CHECKPOINT_SECONDS = 5.0
_READ = """
SELECT number, digest, directive FROM credit.department_directive
WHERE department = %s AND number > %s ORDER BY number LIMIT %s
"""


class Watched(NamedTuple):
    """Directives in order, or a checkpoint when there are none; resume from `cursor`."""

    directives: list[NumberedDirective]
    cursor: str


async def watch_directives(dsn: str, department: str, cursor: str) -> AsyncIterator[Watched]:
    """Yield a department's directives from a cursor on, then what comes; never ends by itself.

    A cursor that comes back tells that all before it has arrived, which is noted as delivered. Raises CursorExpired when
    it is malformed, of another department, or of a lost future.
    """
    conn = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
    try:
        await conn.execute(f"LISTEN {channel(department)}")
        epoch = await _epoch(conn)
        last = await _start(conn, department, cursor, epoch)
        while True:
            directives = await _read(conn, department, last)
            last = directives[-1].number if directives else last
            yield Watched(directives, _encode(department, epoch, last))
            if len(directives) == MAX_DIRECTIVES:
                continue
            if directives:
                yield Watched([], _encode(department, epoch, last))  # all that was there is sent: say so at once
            async for _ in conn.notifies(timeout=CHECKPOINT_SECONDS, stop_after=1):
                pass  # the directives are read from the table; the notice only ends the wait
    finally:
        await conn.close()


async def _read(conn: psycopg.AsyncConnection, department: str, last: int) -> list[NumberedDirective]:
    cursor = conn.cursor(binary=True)
    await cursor.execute(_READ, [department, last, MAX_DIRECTIVES])
    return [
        NumberedDirective(department=department, number=number, digest=digest, directive=directive)
        for number, digest, directive in await cursor.fetchall()
    ]


async def _start(conn: psycopg.AsyncConnection, department: str, cursor: str, epoch: int) -> int:
    """Return the number after which to go on, and note what a cursor proves to have arrived."""
    if not cursor:
        return 0
    try:
        told_department, told_epoch, last = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError) as error:
        raise CursorExpired("this is no cursor of this stream: start again without one") from error
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
