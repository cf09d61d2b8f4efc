"""What happens by itself: terms and bases end, forgotten answers are reminded of and escalated."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from services.common.clock import china_day
from services.common.kernel.working_day import add_working_days
from services.credit.application.punishment.end import SYSTEM, end_listing, lift_orders
from services.credit.application.punishment.ports import PunishmentStore
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.order import Instruction, Order, instruction
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import Action, EndReason, ListingState, StepKind


class SweepStore(PunishmentStore, Protocol):
    """What the sweep also needs."""

    def overdue_orders(self, day: date, limit: int) -> Sequence[Order]:
        """Lock and return orders whose answer is overdue and that are not escalated; those locked by others are left out."""
        ...

    def remind(self, order: Order, due_on: date, *, escalate: bool) -> None:
        """Note a reminder with its new last day, or that an order was escalated."""
        ...


def end_over(store: PunishmentStore, law: Law, listing_id: str, now: datetime) -> bool:
    """End a listing whose term or basis is over; False when somebody ended it meanwhile."""
    listing = store.listing(listing_id)
    day = china_day(now)
    is_basis_over = not law.list_row(listing.list_id, day).basis.holds_on(day)
    reason = EndReason.BASIS_ENDED if is_basis_over else EndReason.TERM_OVER
    if listing.state is not ListingState.PUBLISHED:
        return False
    end_listing(store, law, SYSTEM, listing_id, _step(listing, reason, day), now)
    return True


def lift_baseless(store: PunishmentStore, law: Law, listing_id: str, now: datetime) -> int:
    """Lift the orders of a listing whose measure has no basis any more, also when a later row has one; return how many."""
    listing = store.listing(listing_id)
    day = china_day(now)
    over = [
        order
        for order in store.orders(listing_id)
        if order.lift_ordered_at is None
        and (order.is_over(day) or not law.measure(order.measure_id, day).basis.holds_on(day))
    ]
    lift_orders(store, law, over, _step(listing, EndReason.BASIS_ENDED, day), now)
    return len(over)


def remind(store: SweepStore, law: Law, now: datetime, limit: int) -> int:
    """Remind departments of overdue answers, at last escalate to the office that ordered; return how many were handled."""
    day = china_day(now)
    overdue = store.overdue_orders(day, limit)
    due = add_working_days(day, law.remind_days).day
    for order in overdue:
        store.remind(order, due, escalate=order.reminders >= law.most_reminders)
    step = Step(kind=StepKind.DECIDE, day=day, actor="", office="")
    reminded = [order for order in overdue if order.reminders < law.most_reminders]
    store.tell([_reminder(law, order, step, due) for order in reminded], now)
    return len(overdue)


def _reminder(law: Law, order: Order, step: Step, due: date) -> Instruction:
    return instruction(Action.REMIND, order, law.measure(order.measure_id, step.day), step, due)


def _step(listing: Listing, reason: EndReason, day: date) -> Step:
    """Return the end that follows from the decision itself, on the decision's own paper."""
    decided = listing.last(StepKind.DECIDE)
    document = decided.document_number if decided is not None else ""
    return Step(kind=StepKind.END, day=day, actor="", office="", document_number=document, end_reason=reason)
