"""Gives instructions their numbers: each department's own sequence, without a gap, with a running digest of all of it.

An instruction gets its number, its place in the sequence, and its message on the directive topic in one transaction.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from merchantcredit.events.v1 import directive_pb2 as pb
from psycopg import Connection

from services.common.clock import Clock, china_day
from services.common.db.arrays import columns
from services.common.eventlog import outbox
from services.common.eventlog.batch import DeadLetter
from services.common.eventlog.port import Record
from services.credit.adapters.punishment.codec import directive_message
from services.credit.domain.punishment.chain import GENESIS, next_digest
from services.credit.domain.punishment.law import Law

_NUMBERED = """
UPDATE credit.directive AS d
SET number = CASE WHEN g.action = 1 THEN g.number ELSE d.number END,
    lift_number = CASE WHEN g.action = 2 THEN g.number ELSE d.lift_number END
FROM unnest(%s::text[], %s::int8[], %s::int2[]) AS g (directive_id, number, action)
WHERE d.directive_id = g.directive_id AND g.action <> 3
"""
_APPEND = """
INSERT INTO credit.department_directive (department, number, digest, directive, directive_id)
SELECT * FROM unnest(%s::text[], %s::int8[], %s::bytea[], %s::bytea[], %s::text[])
"""


#: The channel that tells servers whose sequence grew: the payload is the department.
CHANNEL = "directives_dispatched"


class _Placed(NamedTuple):
    """An instruction in its department's sequence."""

    department: str
    number: int
    digest: bytes
    content: bytes
    directive: pb.Directive


class Dispatch:
    """What the micro-batch loop over instructions calls inside its transaction."""

    def __init__(self, law: Law, clock: Clock) -> None:
        self._law = law
        self._clock = clock

    def __call__(self, conn: Connection, records: Sequence[Record]) -> Sequence[DeadLetter]:
        """Number one batch; nothing of our own is refused."""
        now = self._clock.now()
        by_department: dict[str, list[bytes]] = defaultdict(list)
        for record in records:
            by_department[self._law.successor(record.key, china_day(now))].append(record.value)
        placed = [
            one
            for department in sorted(by_department)
            for one in self._place(conn, department, by_department[department])
        ]
        self._write(conn, placed, now)
        return ()

    def _place(self, conn: Connection, department: str, contents: Sequence[bytes]) -> list[_Placed]:
        """Lock a department's sequence and give the next numbers."""
        conn.execute(
            "INSERT INTO credit.department_feed (department, last_number, digest) VALUES (%s, 0, %s) ON CONFLICT DO NOTHING",
            [department, GENESIS],
        )
        row = conn.execute(
            "SELECT last_number, digest FROM credit.department_feed WHERE department = %s FOR UPDATE", [department]
        ).fetchone()
        number, digest = row if row is not None else (0, GENESIS)
        placed: list[_Placed] = []
        for content in contents:
            number += 1
            digest = next_digest(digest, number, content)
            placed.append(_Placed(department, number, digest, content, pb.Directive.FromString(content)))
        conn.execute(
            "UPDATE credit.department_feed SET last_number = %s, digest = %s WHERE department = %s",
            [number, digest, department],
        )
        return placed

    def _write(self, conn: Connection, placed: Sequence[_Placed], now: datetime) -> None:
        rows = [(p.department, p.number, p.digest, p.content, p.directive.directive_id) for p in placed]
        conn.execute(_APPEND, columns(("text", "int8", "bytea", "bytea", "text"), rows))
        # Sorted, so that this and a decision's or an answer's locks on orders are taken in one order.
        numbers = sorted((p.directive.directive_id, p.number, int(p.directive.action)) for p in placed)
        for action in (pb.DIRECTIVE_ACTION_APPLY, pb.DIRECTIVE_ACTION_LIFT):
            mine = [row for row in numbers if row[2] == action]
            conn.execute(_NUMBERED, columns(("text", "int8", "int2"), mine))
        outbox.append(conn, [directive_message(p.department, p.number, p.digest, p.content, now) for p in placed])
        grown = sorted({p.department for p in placed})
        conn.execute("SELECT pg_notify(%s, d) FROM unnest(%s::text[]) AS d", [CHANNEL, grown])
