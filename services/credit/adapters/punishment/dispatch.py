"""Gives instructions their numbers: each department's own sequence, without a gap, with a running digest of all of it.

An instruction gets its number, its place in the sequence, and its message on the directive topic in one transaction. One
that comes again, as a relay sends it when it dies between its two commits, is known by its event id and gets nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
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
_MOVE = """
UPDATE credit.department_feed AS f SET last_number = e.number, digest = e.digest
FROM unnest(%s::text[], %s::int8[], %s::bytea[]) AS e (department, number, digest) WHERE f.department = e.department
"""
_APPEND = """
INSERT INTO credit.department_directive (department, number, digest, directive, directive_id, instruction_id)
SELECT * FROM unnest(%s::text[], %s::int8[], %s::bytea[], %s::bytea[], %s::text[], %s::text[])
"""
_PLACED = "SELECT instruction_id FROM credit.department_directive WHERE instruction_id = ANY(%s::text[])"


#: The channel that tells servers whose sequence grew: the payload is the department.
CHANNEL = "directives_dispatched"


class _Placed(NamedTuple):
    """An instruction in its department's sequence."""

    department: str
    number: int
    digest: bytes
    content: bytes
    directive: pb.Directive
    instruction_id: str


class Dispatch:
    """What the micro-batch loop over instructions calls inside its transaction."""

    def __init__(self, law: Law, clock: Clock) -> None:
        self._law = law
        self._clock = clock

    def __call__(self, conn: Connection, records: Sequence[Record]) -> Sequence[DeadLetter]:
        """Number one batch; nothing of our own is refused."""
        now = self._clock.now()
        by_department: dict[str, dict[str, bytes]] = defaultdict(dict)
        for record in records:
            by_department[self._law.successor(record.key, china_day(now))][record.headers["ce_id"]] = record.value
        ends = _lock(conn, sorted(by_department))
        before = _placed_before(conn, [record.headers["ce_id"] for record in records])
        placed = [
            one
            for department, (number, digest) in ends.items()
            for one in _place(department, number, digest, _without(by_department[department], before))
        ]
        self._write(conn, placed, now)
        return ()

    def _write(self, conn: Connection, placed: Sequence[_Placed], now: datetime) -> None:
        rows = [
            (p.department, p.number, p.digest, p.content, p.directive.directive_id, p.instruction_id) for p in placed
        ]
        conn.execute(_APPEND, columns(("text", "int8", "bytea", "bytea", "text", "text"), rows))
        # Sorted, so that this and a decision's or an answer's locks on orders are taken in one order.
        numbers = sorted((p.directive.directive_id, p.number, int(p.directive.action)) for p in placed)
        for action in (pb.DIRECTIVE_ACTION_APPLY, pb.DIRECTIVE_ACTION_LIFT):
            mine = [row for row in numbers if row[2] == action]
            conn.execute(_NUMBERED, columns(("text", "int8", "int2"), mine))
        ends = {p.department: (p.number, p.digest) for p in placed}
        conn.execute(_MOVE, columns(("text", "int8", "bytea"), [(name, *end) for name, end in ends.items()]))
        outbox.append(conn, [directive_message(p.department, p.number, p.digest, p.content, now) for p in placed])
        conn.execute("SELECT pg_notify(%s, d) FROM unnest(%s::text[]) AS d", [CHANNEL, sorted(ends)])


def _lock(conn: Connection, departments: Sequence[str]) -> dict[str, tuple[int, bytes]]:
    """Lock the sequences of departments, sorted, and return the end of each; one that is new begins."""
    conn.execute(
        "INSERT INTO credit.department_feed (department, last_number, digest)"
        " SELECT d, 0, %s FROM unnest(%s::text[]) AS d ON CONFLICT DO NOTHING",
        [GENESIS, list(departments)],
    )
    rows = conn.execute(
        "SELECT department, last_number, digest FROM credit.department_feed WHERE department = ANY(%s)"
        " ORDER BY department FOR UPDATE",
        [list(departments)],
    )
    return {department: (number, bytes(digest)) for department, number, digest in rows}


def _placed_before(conn: Connection, instruction_ids: Sequence[str]) -> set[str]:
    """Return which instructions stand in a sequence; ask after the sequences are locked."""
    return {row[0] for row in conn.execute(_PLACED, [list(instruction_ids)])}


def _without(told: Mapping[str, bytes], before: set[str]) -> dict[str, bytes]:
    return {instruction_id: content for instruction_id, content in told.items() if instruction_id not in before}


def _place(department: str, number: int, digest: bytes, told: Mapping[str, bytes]) -> Iterator[_Placed]:
    """Give the next numbers of a sequence."""
    for instruction_id, content in told.items():
        number += 1
        digest = next_digest(digest, number, content)
        yield _Placed(department, number, digest, content, pb.Directive.FromString(content), instruction_id)
