"""Rows of credit.fact: where a fact stands now, and what is looked for by it."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from psycopg import Connection

from services.common.db.arrays import columns
from services.credit.adapters import crowd_store
from services.credit.domain import cells
from services.credit.domain.carrying import kind_of
from services.credit.domain.facts import Complaint, Fact, Registration

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
_FACT = ("text", "int8", "int2", "date", "bool", "int2", "int2", "int2", "int8", "int2")


def place(conn: Connection[Any], facts: Sequence[tuple[Fact, int]], locked: Collection[str]) -> None:
    """Note where facts stand, those that are locked anew; raises UniqueViolation when another worker made one meanwhile."""
    rows = [placed_row(fact, subject_id) for fact, subject_id in facts]
    known = [row for row in rows if row[0] in locked]
    new = [row for row in rows if row[0] not in locked]
    for statement, placed in ((_PLACE, known), (_PLACE_NEW, new)):
        if placed:
            conn.execute(statement, columns(_FACT, placed))


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
