"""Orders and what departments told of them in PostgreSQL, inside the caller's transaction."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from services.common.errors import NotFound, RequestIdReused
from services.credit.adapters.punishment.order_rows import read_orders
from services.credit.domain.punishment.directive import Feedback, Standing
from services.credit.domain.punishment.order import Order
from services.credit.domain.punishment.terms import DeclineReason, FeedbackKind

_ADDRESSED = """
directive_id = (SELECT directive_id FROM credit.department_directive WHERE department = %s AND number = %s) FOR UPDATE
"""
_TOLD = "SELECT event_id, number, kind, at, decline_reason, result, document_number FROM credit.directive_feedback"


class PostgresFeedback:
    """The store of one transaction."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def addressed(self, department: str, number: int) -> Order:
        """Lock and return the order that a number of a department's sequence is about."""
        found = read_orders(self._conn, _ADDRESSED, [department, number])
        if not found:
            raise NotFound(
                f"number: {department} was never sent a directive {number}",
                metadata={"resource_type": "Directive", "resource_name": f"{department}/{number}"},
            )
        return found[0]

    def told(self, directive_id: str) -> Sequence[Feedback]:
        """Return all that was told of an order."""
        rows = self._conn.execute(f"{_TOLD} WHERE directive_id = %s", [directive_id]).fetchall()
        return [_feedback(row) for row in rows]

    def note(self, department: str, order: Order, feedback: Feedback, *, actor: str, at: datetime) -> bool:
        """Append an answer; False when it came before."""
        added = self._conn.execute(
            "INSERT INTO credit.directive_feedback (department, event_id, directive_id, number, kind, at, recorded_at,"
            " actor, decline_reason, result, document_number) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [department, feedback.event_id, order.directive_id, feedback.number, feedback.kind, feedback.at, at, actor,
             feedback.decline_reason, feedback.result, feedback.document_number],
        ).rowcount  # fmt: skip
        if added:
            return True
        rows = self._conn.execute(f"{_TOLD} WHERE department = %s AND event_id = %s", [department, feedback.event_id])
        if [_feedback(row) for row in rows.fetchall()] != [feedback]:
            raise RequestIdReused(f"event {feedback.event_id[:64]!r} came before with another body: choose a new id")
        return False

    def stand(self, order: Order, standing: Standing, due_on: date | None) -> None:
        """Write where an order stands."""
        self._conn.execute(
            "UPDATE credit.directive SET state = %s, applied_at = %s, decline_reason = %s, misfits = %s, due_on = %s"
            " WHERE directive_id = %s",
            [standing.state, standing.applied_at, standing.decline_reason, list(standing.misfits), due_on,
             order.directive_id],
        )  # fmt: skip


def _feedback(row: tuple[Any, ...]) -> Feedback:
    event_id, number, kind, at, decline_reason, result, document_number = row
    return Feedback(
        event_id=event_id,
        number=number,
        kind=FeedbackKind(kind),
        at=at,
        decline_reason=None if decline_reason is None else DeclineReason(decline_reason),
        result=result,
        document_number=document_number,
    )
