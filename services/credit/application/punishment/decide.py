"""Decides a listing: publication and one order per measure and department in the same transaction, or it is dropped."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from services.common.auth.actor import Actor
from services.common.kernel.working_day import add_working_days
from services.credit.application.punishment.keep import keep
from services.credit.application.punishment.ports import PunishmentStore
from services.credit.application.punishment.propose import check_goes_on
from services.credit.application.punishment.take_step import take_step
from services.credit.domain.punishment.decision import check_approval, check_office, choose_measures
from services.credit.domain.punishment.law import Law, Measure
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.order import Order, instruction, order_of
from services.credit.domain.punishment.procedure import advance, published
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import Action, StepKind


class Decided(NamedTuple):
    """A listing after its decision or its end, and the orders that were issued or are lifting."""

    listing: Listing
    orders: Sequence[Order]


def decide_listing(
    store: PunishmentStore, law: Law, actor: Actor, listing_id: str, step: Step, now: datetime
) -> Decided:
    """Decide; raises Forbidden for a wrong office, PreconditionFailed for what the law does not allow, NotFound.

    One whose enterprise was merged meanwhile can only be dropped.
    """
    if step.kind is StepKind.DROP:
        return Decided(take_step(store, law, actor, listing_id, step, now), ())
    listing = store.listing(listing_id)
    rule = law.list_rule(listing.list_id, step.day)
    region = store.region(listing.code)
    check_office(rule, actor.office, region)
    check_goes_on(store, listing.code)
    approval = listing.last(StepKind.APPROVE)
    check_approval(rule, step, approval)
    step = _with_approval(step, approval)
    decided = advance(listing, step, rule)
    measures = choose_measures(law, listing, step.measure_ids, step.day)
    publication = published(step, rule)
    listed = advance(decided, publication, rule)
    keep(store, listed, [step, publication], rule, now)
    due = add_working_days(step.day, law.answer_days).day
    pairs = [
        (order_of(listed, step, measure, department, at=now, due_on=due), measure)
        for measure in measures
        for department in measure.departments(region)
    ]
    return Decided(listed, _issue(store, pairs, step, now))


def _with_approval(step: Step, approval: Step | None) -> Step:
    """Let the decision name who approved it."""
    if approval is None:
        return step
    return replace(
        step, approver=approval.actor, approval_office=approval.office, approval_document=approval.document_number
    )


def _issue(
    store: PunishmentStore, pairs: Sequence[tuple[Order, Measure]], step: Step, now: datetime
) -> Sequence[Order]:
    orders = [order for order, _ in pairs]
    if not orders:
        return ()
    store.issue(orders)
    due = {order.directive_id: order.due_on or step.day for order in orders}
    store.tell([instruction(Action.APPLY, o, measure, step, due[o.directive_id]) for o, measure in pairs], now)
    store.renew_check(orders[0].code)
    return orders
