"""What departments have still to lift of an enterprise: read from the orders, so that no confirmation needs a new record."""

from merchantcredit.credit.v1.record_pb2 import OpenLift
from psycopg import Connection

from services.credit.domain.punishment.terms import DirectiveState

MOST = 500
_READ = """
SELECT department, directive_id, measure_id, listing_id, due_on, is_escalated FROM credit.directive
WHERE code = %s AND state = %s ORDER BY department, directive_id LIMIT %s
"""


def open_lifts(conn: Connection, code: str) -> list[OpenLift]:
    """Return the lifts that are not confirmed, by department."""
    return [
        OpenLift(
            department=department,
            directive_id=directive_id,
            measure_id=measure_id,
            listing_id=listing_id,
            due_on=due_on.isoformat() if due_on else "",
            is_escalated=is_escalated,
        )
        for department, directive_id, measure_id, listing_id, due_on, is_escalated in conn.execute(
            _READ, [code, DirectiveState.LIFTING, MOST]
        )
    ]
