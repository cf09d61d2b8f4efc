"""One order to one department: its state from what was issued and all that the department told, in any order.

Answers by RPC are strict against the present state. Reports by topic or file are never refused for their order: the fold
sorts them by (their time, their id), keeps the last lawful state, and names those that do not fit for the work list.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from services.common.errors import PreconditionFailed
from services.credit.domain.punishment.terms import DeclineReason, DirectiveState, FeedbackKind

#: What each kind of answer makes of an order, and the answers that a department must give next, step by step.
_STATE = {
    FeedbackKind.DELIVERED: DirectiveState.DELIVERED,
    FeedbackKind.ACKNOWLEDGED: DirectiveState.ACKNOWLEDGED,
    FeedbackKind.APPLIED: DirectiveState.APPLIED,
    FeedbackKind.DECLINED: DirectiveState.DECLINED,
    FeedbackKind.REPORTED: DirectiveState.REPORTED,
}
_ENDS = frozenset({FeedbackKind.APPLIED, FeedbackKind.DECLINED})
STRICT: dict[DirectiveState, frozenset[FeedbackKind]] = {
    DirectiveState.ISSUED: frozenset({FeedbackKind.DELIVERED, FeedbackKind.ACKNOWLEDGED}),
    DirectiveState.DELIVERED: frozenset({FeedbackKind.ACKNOWLEDGED}),
    DirectiveState.ACKNOWLEDGED: _ENDS,
    DirectiveState.APPLIED: frozenset({FeedbackKind.REPORTED}),
    DirectiveState.DECLINED: frozenset(),
    DirectiveState.REPORTED: frozenset({FeedbackKind.REPORTED}),
    DirectiveState.LIFTING: frozenset({FeedbackKind.LIFT_CONFIRMED}),
    DirectiveState.LIFTED_CONFIRMED: frozenset(),
}
#: A report may leave out what it implies: who has applied has acknowledged.
_REPORTED: dict[DirectiveState, frozenset[FeedbackKind]] = {
    **STRICT,
    DirectiveState.ISSUED: frozenset({FeedbackKind.DELIVERED, FeedbackKind.ACKNOWLEDGED}) | _ENDS,
    DirectiveState.DELIVERED: frozenset({FeedbackKind.ACKNOWLEDGED}) | _ENDS,
}
#: What was told before and is implied by where the order stands; told again it changes nothing.
_IMPLIED: dict[DirectiveState, frozenset[FeedbackKind]] = {
    DirectiveState.ISSUED: frozenset(),
    DirectiveState.DELIVERED: frozenset({FeedbackKind.DELIVERED}),
    DirectiveState.ACKNOWLEDGED: frozenset({FeedbackKind.DELIVERED, FeedbackKind.ACKNOWLEDGED}),
    DirectiveState.APPLIED: frozenset({FeedbackKind.DELIVERED, FeedbackKind.ACKNOWLEDGED, FeedbackKind.APPLIED}),
    DirectiveState.DECLINED: frozenset({FeedbackKind.DELIVERED, FeedbackKind.ACKNOWLEDGED, FeedbackKind.DECLINED}),
    DirectiveState.REPORTED: frozenset(FeedbackKind) - {FeedbackKind.DECLINED, FeedbackKind.LIFT_CONFIRMED},
}
_UNANSWERED = frozenset({DirectiveState.ISSUED, DirectiveState.DELIVERED, DirectiveState.ACKNOWLEDGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What a department told: of the directive with a number in its sequence, under an id of its own."""

    event_id: str
    number: int
    kind: FeedbackKind
    at: datetime
    decline_reason: DeclineReason | None = None
    result: str = ""
    document_number: str = ""


class Standing(NamedTuple):
    """Where an order stands; `misfits` are the ids of reports that do not fit, `applied_at` when it took effect."""

    state: DirectiveState
    applied_at: datetime | None = None
    decline_reason: DeclineReason | None = None
    misfits: tuple[str, ...] = ()


def fold(feedback: Iterable[Feedback], lift_number: int | None, *, is_lifting: bool) -> Standing:
    """Return where an order stands.

    A lift is confirmed only by an answer to the number of its LIFT, which nobody can know before it was sent.
    """
    told = sorted({one.event_id: one for one in feedback}.values(), key=lambda one: (one.at, one.event_id))
    answers = [one for one in told if one.kind is not FeedbackKind.LIFT_CONFIRMED]
    confirmed = [one for one in told if one.kind is FeedbackKind.LIFT_CONFIRMED]
    standing = _fold_answers(answers)
    early = tuple(one.event_id for one in confirmed if lift_number is None or one.number != lift_number)
    standing = standing._replace(misfits=standing.misfits + early)
    if not is_lifting:
        return standing
    is_confirmed = len(early) < len(confirmed)
    return standing._replace(state=DirectiveState.LIFTED_CONFIRMED if is_confirmed else DirectiveState.LIFTING)


def _fold_answers(answers: list[Feedback]) -> Standing:
    standing = Standing(DirectiveState.ISSUED)
    for one in answers:
        if one.kind in _REPORTED[standing.state]:
            standing = standing._replace(state=_STATE[one.kind])
            if one.kind is FeedbackKind.APPLIED:
                standing = standing._replace(applied_at=one.at)
            if one.kind is FeedbackKind.DECLINED:
                standing = standing._replace(decline_reason=one.decline_reason)
        elif one.kind not in _IMPLIED[standing.state]:
            standing = standing._replace(misfits=(*standing.misfits, one.event_id))
    return standing


def check_answer(standing: Standing, answer: Feedback, number: int, lift_number: int | None) -> None:
    """Raise PreconditionFailed naming what may be answered now when an answer by RPC is not it."""
    lawful = STRICT[standing.state]
    if answer.kind not in lawful:
        ways = ", ".join(sorted(kind.name for kind in lawful)) or "nothing"
        raise PreconditionFailed(
            f"kind: {answer.kind.name} is not possible while the directive is {standing.state.name}: lawful now is {ways}",
            metadata={"state": standing.state.name, "allowed": ways},
        )
    wanted = lift_number if answer.kind is FeedbackKind.LIFT_CONFIRMED else number
    if answer.number != wanted:
        raise PreconditionFailed(f"number: {answer.kind.name} answers number {wanted} of this directive")


def is_answer_due(state: DirectiveState) -> bool:
    """Tell whether the department still owes an answer: to apply or decline, or to confirm a lift."""
    return state in _UNANSWERED or state is DirectiveState.LIFTING


def in_force(ordered_on: date, ended_on: date | None, until: date | None, day: date) -> bool:
    """Tell whether an order has force on a day: not lifted, and within its term and basis."""
    is_over = (ended_on is not None and day >= ended_on) or (until is not None and day >= until)
    return ordered_on <= day and not is_over
