"""Ends a listing: one transaction an enterprise stops publication and sharing and orders every lift."""

from collections.abc import Sequence
from datetime import datetime

from services.common.auth.actor import Actor
from services.common.errors import PreconditionFailed
from services.common.kernel.working_day import add_working_days
from services.credit.application.punishment.decide import Decided
from services.credit.application.punishment.keep import keep
from services.credit.application.punishment.ports import Lift, PunishmentStore
from services.credit.application.punishment.take_step import check_who
from services.credit.domain.punishment.decision import check_no_new_heavy
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.order import Order, instruction
from services.credit.domain.punishment.procedure import advance
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import Action, EndReason

#: Who acts when nobody does: the sweep.
SYSTEM = Actor(subject="", office="", roles=frozenset())


def end_listing(store: PunishmentStore, law: Law, actor: Actor, listing_id: str, step: Step, now: datetime) -> Decided:
    """End a listing; raises Forbidden for a wrong office, PreconditionFailed for a way out that is not open, NotFound."""
    listing = store.listing(listing_id)
    if actor is not SYSTEM:
        check_who(store, law, actor, listing, step)
    _check_cause(store, listing, step)
    rule = law.list_row(listing.list_id, step.day)
    ended = advance(listing, step, rule)
    keep(store, ended, [step], rule, now)
    orders = store.orders(listing_id)
    lift_orders(store, law, [order for order in orders if order.lift_ordered_at is None], step, now)
    return Decided(ended, store.orders(listing_id))


def uphold_objection(
    store: PunishmentStore, law: Law, actor: Actor, listing_id: str, step: Step, now: datetime
) -> Decided:
    """Annul a listing on an objection; raises PreconditionFailed when none is pending, and what `end_listing` raises."""
    if store.listing(listing_id).objection_due is None:
        raise PreconditionFailed("no objection is pending: FileObjection first, or EndListing")
    return end_listing(store, law, actor, listing_id, step, now)


def _check_cause(store: PunishmentStore, listing: Listing, step: Step) -> None:
    """Raise PreconditionFailed when what is known of the enterprise contradicts the reason."""
    if step.end_reason is EndReason.EARLY_REMOVAL:
        check_no_new_heavy(listing, store.penalties(listing.code, listing.published_on or step.day))
    if step.end_reason is EndReason.MERGED and store.goes_on_as(listing.code) == listing.code:
        raise PreconditionFailed(
            f"reason: {listing.code} was not merged into another enterprise; the registry records it by MergeEnterprise"
        )


def lift_orders(store: PunishmentStore, law: Law, orders: Sequence[Order], step: Step, now: datetime) -> None:
    """Order the lift of orders to everybody who got them, also to who declined, and renew the check."""
    if not orders or step.end_reason is None:
        return
    due = add_working_days(step.day, law.answer_days).day
    store.lift(orders, Lift(reason=step.end_reason, at=now, step=step, due_on=due))
    lifts = [instruction(Action.LIFT, order, law.measure(order.measure_id, step.day), step, due) for order in orders]
    store.tell(lifts, now)
    store.renew_check(orders[0].code)
