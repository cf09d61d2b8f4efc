"""Reads departments' sequences: streams that are woken together share one query, since a decision wakes ten of them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import psycopg
from merchantcredit.events.v1.directive_pb2 import NumberedDirective

from services.common.db.pool import BY_INDEX

MAX_DIRECTIVES = 500
#: Most that one query reads, whatever waits: a late department's replay holds the others up no longer.
MAX_TOGETHER = 40
_READ = """
SELECT a.reader, d.number, d.digest, d.directive
FROM unnest(%s::text[], %s::int8[]) WITH ORDINALITY AS a (department, after, reader)
CROSS JOIN LATERAL (
    SELECT number, digest, directive FROM credit.department_directive
    WHERE department = a.department AND number > a.after ORDER BY number LIMIT %s
) AS d
ORDER BY a.reader, d.number
"""


class _Read(NamedTuple):
    department: str
    after: int
    answer: asyncio.Future[list[NumberedDirective]]


class SequenceReads:
    """The reads of one server's streams, over one connection."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._waiting: list[_Read] = []
        self._drainer: asyncio.Task[None] | None = None
        self._conn: psycopg.AsyncConnection | None = None
        self._connecting = asyncio.Lock()

    async def read(self, department: str, after: int) -> list[NumberedDirective]:
        """Return up to 500 directives after a number."""
        answer: asyncio.Future[list[NumberedDirective]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Read(department, after, answer))
        if self._drainer is None or self._drainer.done():
            self._drainer = asyncio.create_task(self._drain())
        return await answer

    async def connection(self) -> psycopg.AsyncConnection:
        """Return the connection, a new one when the last was lost."""
        async with self._connecting:
            if self._conn is None or self._conn.closed:
                self._conn = await psycopg.AsyncConnection.connect(
                    self._dsn, autocommit=True, prepare_threshold=1, options=BY_INDEX
                )
            return self._conn

    def close(self) -> None:
        """Close the connection."""
        if self._conn is not None:
            with suppress(psycopg.Error):
                self._conn.pgconn.finish()

    async def _drain(self) -> None:
        """Answer all waiting reads, query by query, until none waits."""
        while self._waiting:
            together, self._waiting = self._waiting[:MAX_TOGETHER], self._waiting[MAX_TOGETHER:]
            try:
                found = await self._query(together)
            except Exception as error:  # noqa: BLE001 - each waiting stream gets the error and ends with it
                for read in together:
                    if not read.answer.done():
                        read.answer.set_exception(error)
                continue
            for read, directives in zip(together, found, strict=True):
                if not read.answer.done():
                    read.answer.set_result(directives)

    async def _query(self, together: Sequence[_Read]) -> list[list[NumberedDirective]]:
        found: list[list[NumberedDirective]] = [[] for _ in together]
        cursor = (await self.connection()).cursor(binary=True)
        departments, after = [one.department for one in together], [one.after for one in together]
        await cursor.execute(_READ, [departments, after, MAX_DIRECTIVES])
        async for reader, number, digest, directive in cursor:
            department = departments[reader - 1]
            found[reader - 1].append(
                NumberedDirective(department=department, number=number, digest=digest, directive=directive)
            )
        return found
