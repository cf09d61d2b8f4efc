"""Reads records as bytes: concurrent reads become one query; a record past its day is computed anew."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import NamedTuple

import psycopg
import structlog

from services.common.clock import Clock, china_day
from services.common.db.arrays import array
from services.credit.adapters.record_codec import public_record
from services.credit.adapters.subject_rows import read_subject
from services.credit.application.families import rate_views
from services.credit.application.policies import Policies

log = structlog.get_logger()

#: A lone read asks at once; the next query comes so much later at the earliest, and takes all reads that came meanwhile.
GATHER_SECONDS = 0.002


class Stored(NamedTuple):
    """A record as it is stored, and the policy that was in force then."""

    good_until: date | None
    record: bytes
    policy_version: str


class RecordReader:
    """Reads public records on the event loop; there is no cache between requests."""

    def __init__(self, dsn: str, policies: Policies, clock: Clock) -> None:
        self._dsn = dsn
        self._policies = policies
        self._clock = clock
        self._waiting: dict[str, list[asyncio.Future[Stored | None]]] = {}
        self._drainer: asyncio.Task[None] | None = None
        self._conn: psycopg.AsyncConnection | None = None
        self._asked_at = 0.0

    async def read(self, code: str) -> bytes | None:
        """Return the record of a code, good on the present day; None when there is none."""
        future: asyncio.Future[Stored | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(code, []).append(future)
        if self._drainer is None or self._drainer.done():
            self._drainer = asyncio.create_task(self._drain())
        stored = await future
        if stored is None:
            return None
        today = china_day(self._clock.now())
        if self._is_over(stored, today):
            return await asyncio.to_thread(self._recompute, code, today)
        return stored.record

    def _is_over(self, stored: Stored, today: date) -> bool:
        """Tell whether a record may no longer be shown: its day has come, or another policy came into force since."""
        if stored.good_until is not None and today >= stored.good_until:
            return True
        policy = self._policies.on(today)
        return stored.policy_version != policy.version and self._policies.before(policy) is not None

    def close(self) -> None:
        """Close the connection."""
        if self._conn is not None:
            with suppress(psycopg.Error):
                self._conn.pgconn.finish()

    async def _drain(self) -> None:
        """Answer all waiting reads, query by query, until none waits."""
        while self._waiting:
            await self._gather()
            waiting, self._waiting = self._waiting, {}
            try:
                found = await self._query(list(waiting))
            except Exception as error:  # noqa: BLE001 - each waiting call gets the error and answers it
                self._fail(waiting, error)
                continue
            for code, futures in waiting.items():
                for future in futures:
                    if not future.done():
                        future.set_result(found.get(code))

    async def _gather(self) -> None:
        """Wait for company right after a query: a query costs more than the rest of a read."""
        loop = asyncio.get_running_loop()
        if (left := self._asked_at + GATHER_SECONDS - loop.time()) > 0:
            await asyncio.sleep(left)
        self._asked_at = loop.time()

    def _fail(self, waiting: dict[str, list[asyncio.Future[Stored | None]]], error: Exception) -> None:
        self.close()
        self._conn = None
        for futures in waiting.values():
            for future in futures:
                if not future.done():
                    future.set_exception(error)

    async def _query(self, codes: Sequence[str]) -> dict[str, Stored]:
        if self._conn is None or self._conn.closed:
            self._conn = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True, prepare_threshold=1)
        cursor = self._conn.cursor(binary=True)
        await cursor.execute(
            "SELECT code, good_until, record, policy_version FROM credit.public_record WHERE code = ANY(%b::text[])",
            [array("text", codes)],
        )
        return {code: Stored(*stored) for code, *stored in await cursor.fetchall()}

    def _recompute(self, code: str, today: date) -> bytes:
        """Rate the subject for today: ended facts are dropped; the sweep is late, so this is an alarm."""
        log.warning("record_past_good_until", code=code, day=today.isoformat())
        with psycopg.connect(self._dsn) as conn:
            subject = read_subject(conn, code)
        if subject is None:
            raise LookupError(code)
        now = self._clock.now()
        rating, policy = rate_views([subject], today, self._policies, now)[0]
        return public_record(subject, rating, policy, now)
