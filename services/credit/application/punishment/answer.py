"""Takes what departments tell of their orders: strictly by RPC, in any order by topic and file."""

from datetime import datetime
from typing import NamedTuple

from services.common.errors import invalid
from services.credit.application.punishment.ports import FeedbackStore
from services.credit.domain.punishment.directive import Feedback, check_answer, fold, is_answer_due
from services.credit.domain.punishment.order import Order
from services.credit.domain.punishment.step import MAX_DOCUMENT, refuse_personal_data
from services.credit.domain.punishment.terms import FeedbackKind

MAX_RESULT = 500


class Answer(NamedTuple):
    """An answer: of which department, to which order, what, and who gave it."""

    department: str
    directive_id: str
    feedback: Feedback
    actor: str


def take_answer(store: FeedbackStore, answer: Answer, now: datetime, *, strict: bool) -> None:
    """Note an answer and move its order; the same answer again changes nothing.

    Raises InvalidInput when it contradicts itself, NotFound for another department's directive, RequestIdReused, and when
    strict PreconditionFailed naming what may be answered now.
    """
    department, directive_id, feedback, actor = answer
    _check(feedback, now)
    order = store.addressed(department, feedback.number)
    if order.directive_id != directive_id:
        raise invalid("directive_id", f"number {feedback.number} of {department} is {order.directive_id}")
    told = store.told(directive_id)
    is_lifting = order.lift_ordered_at is not None
    if strict and all(one.event_id != feedback.event_id for one in told):
        check_answer(
            fold(told, order.lift_number, is_lifting=is_lifting), feedback, order.number or 0, order.lift_number
        )
    if store.note(department, order, feedback, actor=actor, at=now):
        _stand(store, order, [*told, feedback], is_lifting=is_lifting)


def _stand(store: FeedbackStore, order: Order, told: list[Feedback], *, is_lifting: bool) -> None:
    standing = fold(told, order.lift_number, is_lifting=is_lifting)
    store.stand(order, standing, order.due_on if is_answer_due(standing.state) else None)


def _check(feedback: Feedback, now: datetime) -> None:
    if (feedback.kind is FeedbackKind.DECLINED) != (feedback.decline_reason is not None):
        raise invalid("decline_reason", "give one of the closed reasons with DECLINED, and only with it")
    if feedback.at > now:
        raise invalid("occurred_time", "lies in the future")
    for field, text, most in (
        ("result", feedback.result, MAX_RESULT),
        ("document_number", feedback.document_number, MAX_DOCUMENT),
    ):
        if len(text) > most:
            raise invalid(field, f"at most {most} characters")
    refuse_personal_data("result", feedback.result)
