"""Rows of credit.fact: where a fact stands now, and what is looked for by it."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from psycopg import Connection

from services.common.db.arrays import array, columns
from services.credit.adapters import crowd_store
from services.credit.domain import cells
from services.credit.domain.carrying import kind_of
from services.credit.domain.facts import Complaint, Fact, FactKind, Registration
from services.credit.domain.subject import Case

_GIVEN = """
unnest(%b::text[], %b::bigint[], %b::smallint[], %b::date[], %b::bool[], %b::smallint[], %b::smallint[], %b::smallint[],
       %b::bigint[], %b::smallint[])
    AS g (fact_id, subject_id, kind, occurred_on, weighs, status, response, problem_type, complainant, judgement)
"""
# No ON CONFLICT: a fact that was absent when it was looked for could not be locked. When another worker has placed it
# since, what was folded here is without that worker's account: the violation rolls the batch back, and it is read again.
_PLACE_NEW = f"""
INSERT INTO credit.fact
    (fact_id, subject_id, kind, occurred_on, weighs, status, response, problem_type, complainant, judgement)
SELECT * FROM {_GIVEN} ORDER BY fact_id
"""
_PLACE = f"""
UPDATE credit.fact AS f
SET subject_id = g.subject_id, occurred_on = g.occurred_on, weighs = g.weighs,
    status = g.status, response = g.response, problem_type = g.problem_type, complainant = g.complainant,
    judgement = g.judgement
FROM {_GIVEN} WHERE f.fact_id = g.fact_id
"""
# Each kind by itself in the order of the index on facts: however many there are, no more are read.
_NEWEST = """
SELECT c.* FROM unnest(%b::smallint[]) AS k (kind) CROSS JOIN LATERAL (
    SELECT occurred_on, fact_id, status, response, problem_type, judgement FROM credit.fact
    WHERE subject_id = %b AND kind = k.kind AND weighs ORDER BY occurred_on DESC, fact_id DESC LIMIT %b
) AS c ORDER BY occurred_on DESC, fact_id DESC LIMIT %b
"""
_FACT = ("text", "int8", "int2", "date", "bool", "int2", "int2", "int2", "int8", "int2")


def place(conn: Connection[Any], facts: Sequence[tuple[Fact, int]], locked: Collection[str]) -> None:
    """Note where facts stand, those that are locked anew; raises UniqueViolation when another worker made one meanwhile."""
    rows = [placed_row(fact, subject_id) for fact, subject_id in facts]
    known = [row for row in rows if row[0] in locked]
    new = [row for row in rows if row[0] not in locked]
    for statement, placed in ((_PLACE, known), (_PLACE_NEW, new)):
        if placed:
            conn.execute(statement, columns(_FACT, placed))


def newest_cases(conn: Connection[Any], subject_id: int, most: int) -> list[Case]:
    """Return the newest weighing cases of a subject, told of it or carried to it."""
    kinds = array("int2", [FactKind.COMPLAINT, FactKind.CARRIED_COMPLAINT])
    return [Case(*row) for row in conn.execute(_NEWEST, [kinds, subject_id, most, most])]


def placed_row(fact: Fact, subject_id: int) -> tuple[Any, ...]:
    """Return a fact's row of credit.fact."""
    body = fact.body
    weighs = bool(cells.cells_of(fact))
    case = (0, 0, 0, 0, 0)
    if isinstance(body, Complaint):
        number = crowd_store.complainant_number(body.complainant)
        case = (body.status, body.response, body.problem_type, number, int(body.is_genuine))
    day = date(1, 1, 1) if isinstance(body, Registration) else fact.occurred_on
    return (fact.fact_id, subject_id, kind_of(fact.fact_id, body), day, weighs, *case)
