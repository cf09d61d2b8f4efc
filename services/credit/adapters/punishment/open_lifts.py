"""What departments have still to lift of an enterprise and of those merged into it.

Read from the orders, so that no confirmation needs a new record.
"""

from datetime import date

from merchantcredit.credit.v1.record_pb2 import OpenLift
from psycopg import Connection

from services.credit.adapters.family_reader import family
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.terms import DirectiveState

MOST = 500
_READ = """
SELECT code, department, directive_id, measure_id, listing_id, due_on, is_escalated FROM credit.directive
WHERE code = ANY(%s) AND state = %s ORDER BY department, directive_id LIMIT %s
"""


def open_lifts(conn: Connection, law: Law, code: str, day: date) -> list[OpenLift]:
    """Return the lifts that are not confirmed, each with the department that has to confirm it on a day."""
    return [
        OpenLift(
            credit_code=ordered_on,
            department=law.successor(department, day),
            directive_id=directive_id,
            measure_id=measure_id,
            listing_id=listing_id,
            due_on=due_on.isoformat() if due_on else "",
            is_escalated=is_escalated,
        )
        for ordered_on, department, directive_id, measure_id, listing_id, due_on, is_escalated in conn.execute(
            _READ, [[member.code for member in family(conn, code)], DirectiveState.LIFTING, MOST]
        )
    ]
