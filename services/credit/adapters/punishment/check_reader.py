"""The check before acting: concurrent look-ups become one statement, which records them durably and answers them."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import NamedTuple

import psycopg
from merchantcredit.credit.v1.punishment_pb2 import AppliedMeasure
from merchantcredit.credit.v1.punishment_service_pb2 import CheckEnterpriseResponse

from services.common.auth.actor import Actor
from services.common.clock import Clock, china_day
from services.common.db.pool import BY_INDEX
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.terms import Purpose

# The answer leaves only after this statement is committed, so no look-up is answered that is not recorded.
_LOOK = """
WITH asked AS (
    SELECT * FROM unnest(%s::text[], %s::smallint[], %s::text[], %s::text[]) AS a (code, purpose, actor, office)
), noted AS (
    INSERT INTO credit.lookup (code, purpose, actor, office, looked_at)
    SELECT code, purpose, actor, office, %s FROM asked
)
SELECT m.code, f.code, f.is_root, c.measures
FROM (
    SELECT DISTINCT a.code, coalesce(s.root_id, s.id) AS root_id FROM asked AS a JOIN credit.subject AS s USING (code)
) AS m
CROSS JOIN LATERAL (
    SELECT code, true AS is_root FROM credit.subject WHERE id = m.root_id
    UNION ALL SELECT code, false FROM credit.subject WHERE root_id = m.root_id
) AS f
JOIN credit.enterprise_check AS c ON c.code = f.code
"""


class _Ordered(NamedTuple):
    """What is ordered on one of a family; `is_root` is who goes on, and whom the check is about."""

    code: str
    is_root: bool
    measures: bytes


class _Look(NamedTuple):
    code: str
    purpose: Purpose
    actor: Actor
    answer: asyncio.Future[Sequence[_Ordered]]


class CheckReader:
    """Answers checks on the event loop; there is no cache between requests."""

    def __init__(self, dsn: str, law: Law, clock: Clock) -> None:
        self._dsn = dsn
        self._law = law
        self._clock = clock
        self._waiting: list[_Look] = []
        self._drainer: asyncio.Task[None] | None = None
        self._conn: psycopg.AsyncConnection | None = None

    async def check(self, actor: Actor, code: str, purpose: Purpose) -> CheckEnterpriseResponse:
        """Record a look-up and return what applies today for a purpose; of a merged enterprise, what binds who goes on."""
        answer: asyncio.Future[Sequence[_Ordered]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Look(code, purpose, actor, answer))
        if self._drainer is None or self._drainer.done():
            self._drainer = asyncio.create_task(self._drain())
        today = china_day(self._clock.now())
        measures = [
            one
            for ordered in await answer
            for one in self._binding(ordered, today)
            if int(purpose) in map(int, one.purposes) and self._applies(one, today)
        ]
        return CheckEnterpriseResponse(measures=measures, day=today.isoformat())

    def close(self) -> None:
        """Close the connection."""
        if self._conn is not None:
            with suppress(psycopg.Error):
                self._conn.pgconn.finish()

    def _binding(self, ordered: _Ordered, today: date) -> Iterator[AppliedMeasure]:
        for one in CheckEnterpriseResponse.FromString(ordered.measures).measures:
            if ordered.is_root or self._law.measure(one.measure_id, today).passes_on:
                one.credit_code = ordered.code
                yield one

    def _applies(self, measure: AppliedMeasure, today: date) -> bool:
        """Tell whether term, basis of the measure and basis of the list hold today, whatever the sweep has done."""
        is_within = not measure.until or today < date.fromisoformat(measure.until)
        bases = self._law.measure(measure.measure_id, today).basis, self._law.list_row(measure.list_id, today).basis
        return is_within and all(basis.holds_on(today) for basis in bases)

    async def _drain(self) -> None:
        """Answer all that wait, statement by statement, until none waits."""
        while self._waiting:
            asked, self._waiting = self._waiting, []
            try:
                found = await self._look(asked)
            except Exception as error:  # noqa: BLE001 - each waiting call gets the error and answers it
                self.close()
                self._conn = None
                _settle(asked, error)
                continue
            _settle(asked, found)

    async def _look(self, asked: Sequence[_Look]) -> Mapping[str, Sequence[_Ordered]]:
        if self._conn is None or self._conn.closed:
            self._conn = await psycopg.AsyncConnection.connect(
                self._dsn, autocommit=True, prepare_threshold=1, options=BY_INDEX
            )
        cursor = self._conn.cursor(binary=True)
        await cursor.execute(
            _LOOK,
            [[one.code for one in asked], [int(one.purpose) for one in asked], [one.actor.subject for one in asked],
             [one.actor.office for one in asked], self._clock.now()],
        )  # fmt: skip
        found: dict[str, list[_Ordered]] = defaultdict(list)
        for code, *ordered in await cursor.fetchall():
            found[code].append(_Ordered(*ordered))
        return found


def _settle(asked: Sequence[_Look], found: Mapping[str, Sequence[_Ordered]] | Exception) -> None:
    for one in asked:
        if one.answer.done():
            continue
        if isinstance(found, Exception):
            one.answer.set_exception(found)
        else:
            one.answer.set_result(found.get(one.code, ()))
