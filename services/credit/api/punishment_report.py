"""ReportDirective: a department's answer, strictly."""

from merchantcredit.credit.v1 import punishment_service_pb2 as pb
from psycopg import Connection

from services.common.auth.actor import Actor
from services.common.errors import invalid
from services.credit.adapters.punishment.feedback_codec import read_feedback
from services.credit.adapters.punishment.feedback_store import PostgresFeedback
from services.credit.adapters.requests import MAX_REQUEST_ID
from services.credit.api.punishment_convert import directive
from services.credit.api.punishment_desk import Desk
from services.credit.application.punishment.answer import Answer, take_answer


def report(desk: Desk, actor: Actor, request: pb.ReportDirectiveRequest) -> pb.ReportDirectiveResponse:
    """Take an answer of the caller's department; the request id is its event id, so the same one again does nothing."""
    if not 1 <= len(request.request_id) <= MAX_REQUEST_ID:
        raise invalid("request_id", f"give 1 to {MAX_REQUEST_ID} characters, for example a UUID")
    feedback = read_feedback(request.feedback, request.request_id)
    answer = Answer(actor.office, request.feedback.directive_id, feedback, actor.subject)

    def take(conn: Connection) -> pb.ReportDirectiveResponse:
        store = PostgresFeedback(conn)
        take_answer(store, answer, desk.clock.now(), strict=True)
        order = store.addressed(actor.office, feedback.number)
        return pb.ReportDirectiveResponse(directive=directive(order, desk.successor(order.department)))

    return desk.read(take)
