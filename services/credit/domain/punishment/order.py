"""An order: one measure on one enterprise to one department; and the instructions that carry it there."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from services.credit.domain.punishment.law import Measure
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.office import Office
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import Action, DeclineReason, DirectiveState, EndReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order and where it stands; `until` is the first day without force even when no lift was ordered."""

    directive_id: str
    listing_id: str
    code: str
    measure_id: str
    department: str
    until: date | None
    office: str
    actor: str
    document_number: str
    ordered_at: datetime
    lift_ordered_at: datetime | None = None
    lift_reason: EndReason | None = None
    number: int | None = None
    lift_number: int | None = None
    state: DirectiveState = DirectiveState.ISSUED
    applied_at: datetime | None = None
    decline_reason: DeclineReason | None = None
    due_on: date | None = None
    reminders: int = 0
    is_escalated: bool = False

    def is_over(self, day: date) -> bool:
        """Tell whether its own end has come: that of the listing's term, or of the row of the measure that it was ordered under."""
        return self.until is not None and day >= self.until


class Instruction(NamedTuple):
    """What goes to a department's sequence; the number follows when it is dispatched."""

    action: Action
    order: Order
    content: str
    legal_basis: str
    document_number: str
    office: str
    ordered_on: date
    answer_due_on: date
    lift_reason: EndReason | None = None


def order_of(
    listing: Listing, decided: Step, measure: Measure, department: Office, *, at: datetime, due_on: date
) -> Order:
    """Return the order of a decision to one department; its end is that of the listing or of the measure's basis."""
    ends = [end for end in (listing.until, measure.basis.effective_until) if end is not None]
    return Order(
        directive_id=f"{listing.listing_id}:{measure.measure_id}:{department}",
        listing_id=listing.listing_id,
        code=listing.code,
        measure_id=measure.measure_id,
        department=str(department),
        until=min(ends, default=None),
        office=decided.office,
        actor=decided.actor,
        document_number=decided.document_number,
        ordered_at=at,
        due_on=due_on,
    )


def instruction(action: Action, order: Order, measure: Measure, step: Step, due_on: date) -> Instruction:
    """Return what tells a department of an order, a reminder or a lift, on the paper of a step."""
    reason = step.end_reason if action is Action.LIFT else None
    return Instruction(
        action,
        order,
        measure.content,
        measure.basis.citation,
        step.document_number,
        step.office,
        step.day,
        due_on,
        reason,
    )
