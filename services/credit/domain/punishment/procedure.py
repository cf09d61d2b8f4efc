"""Takes a step of a listing's procedure, strictly: what is not lawful now is refused, and the refusal names what is."""

from collections.abc import Callable
from dataclasses import replace

from services.common.errors import PreconditionFailed
from services.common.kernel.day import add_months
from services.common.kernel.working_day import add_working_days
from services.credit.domain.punishment.law import ListRule
from services.credit.domain.punishment.listing import Listing, allowed, apply, with_due
from services.credit.domain.punishment.step import Step, check_complete
from services.credit.domain.punishment.terms import EndReason, StepKind


def propose(listing: Listing, step: Step, rule: ListRule) -> Listing:
    """Return a new listing with its proposal; raises InvalidInput when the proposal is not complete."""
    check_complete(step)
    return with_due(replace(listing, steps=(step,)), step, rule)


def advance(listing: Listing, step: Step, rule: ListRule) -> Listing:
    """Return the listing after a step.

    Raises InvalidInput when the step is not complete, PreconditionFailed naming what is lawful now when it is not.
    """
    check_complete(step)
    if step.kind not in (lawful := allowed(listing, rule)):
        raise _not_lawful(listing, step, lawful)
    _GUARDS.get(step.kind, _nothing)(listing, step, rule)
    return apply(listing, step, rule)


def published(decided: Step, rule: ListRule) -> Step:
    """Return the step that publishes a decided listing on the day of its decision, with the end of its term."""
    until = add_months(decided.day, rule.term_months) if rule.term_months else None
    return Step(
        kind=StepKind.PUBLISH,
        day=decided.day,
        actor=decided.actor,
        office=decided.office,
        document_number=decided.document_number,
        until=until,
    )


def _guard_pass_hearing(listing: Listing, step: Step, rule: ListRule) -> None:
    notified = listing.last(StepKind.NOTIFY)
    over = add_working_days(notified.day, rule.hearing_days).day if notified else step.day
    if step.day <= over and not step.document_number:
        raise PreconditionFailed(
            f"document_number: the time to be heard runs until {over}: wait, or give the enterprise's waiver"
        )


def _guard_approve(listing: Listing, step: Step, _rule: ListRule) -> None:
    proposed = listing.last(StepKind.PROPOSE)
    if proposed is not None and proposed.actor == step.actor:
        raise PreconditionFailed("who proposed may not approve: another person of the next-higher office does")


def _guard_decide(listing: Listing, step: Step, _rule: ListRule) -> None:
    proposed = listing.last(StepKind.PROPOSE)
    if proposed is not None and proposed.actor == step.actor:
        raise PreconditionFailed("who proposed may not decide: another person of the office decides")
    notified = listing.last(StepKind.NOTIFY)
    if proposed is not None and not proposed.actor and notified is not None and notified.actor == step.actor:
        raise PreconditionFailed("the system proposed and you notified: another person of the office decides")


def _guard_refuse_objection(listing: Listing, step: Step, _rule: ListRule) -> None:
    decided = listing.last(StepKind.DECIDE)
    if decided is not None and decided.actor == step.actor:
        raise PreconditionFailed("who decided the listing may not decide the objection to it: another person does")


def _guard_refuse_repair(_listing: Listing, step: Step, _rule: ListRule) -> None:
    if step.next_on is not None and step.next_on <= step.day:
        raise PreconditionFailed(f"next_on: give a day after {step.day} on which repair may be applied for again")


def _guard_end(listing: Listing, step: Step, rule: ListRule) -> None:
    if step.end_reason not in rule.exits:
        ways = ", ".join(sorted(reason.name for reason in rule.exits))
        raise PreconditionFailed(f"reason: the list {rule.list_id} ends only by {ways}")
    _GUARDS_BY_REASON.get(step.end_reason, _nothing)(listing, step, rule)


def _guard_term(listing: Listing, step: Step, _rule: ListRule) -> None:
    if listing.until is None or step.day < listing.until:
        raise PreconditionFailed(f"reason: the term is not over before {listing.until or 'its cause is cured'}")


def _guard_early(listing: Listing, step: Step, rule: ListRule) -> None:
    first = add_months(listing.published_on or step.day, rule.early_removal_months)
    if step.day < first:
        raise PreconditionFailed(f"reason: early removal is possible from {first} on")


def _guard_basis(_listing: Listing, step: Step, rule: ListRule) -> None:
    if rule.basis.holds_on(step.day):
        raise PreconditionFailed(f"reason: the basis of {rule.list_id} is in force on {step.day}")


def _guard_repaired(listing: Listing, _step: Step, _rule: ListRule) -> None:
    if listing.repair_due is None:
        raise PreconditionFailed("reason: no repair is applied for: call ApplyRepair, then DecideRepair")


def _guard_annulled(listing: Listing, step: Step, rule: ListRule) -> None:
    if listing.objection_due is not None:
        _guard_refuse_objection(listing, step, rule)


def _nothing(_listing: Listing, _step: Step, _rule: ListRule) -> None:
    """Guard nothing."""


_Guard = Callable[[Listing, Step, ListRule], None]
_GUARDS_BY_REASON: dict[EndReason | None, _Guard] = {
    EndReason.TERM_OVER: _guard_term,
    EndReason.EARLY_REMOVAL: _guard_early,
    EndReason.BASIS_ENDED: _guard_basis,
    EndReason.REPAIRED: _guard_repaired,
    EndReason.ANNULLED: _guard_annulled,
}
_GUARDS: dict[StepKind, _Guard] = {
    StepKind.PASS_HEARING: _guard_pass_hearing,
    StepKind.APPROVE: _guard_approve,
    StepKind.DECIDE: _guard_decide,
    StepKind.REFUSE_OBJECTION: _guard_refuse_objection,
    StepKind.REFUSE_REPAIR: _guard_refuse_repair,
    StepKind.END: _guard_end,
}


def _not_lawful(listing: Listing, step: Step, lawful: frozenset[StepKind]) -> PreconditionFailed:
    ways = ", ".join(sorted(kind.name for kind in lawful)) or "nothing"
    return PreconditionFailed(
        f"{step.kind.name} is not possible while the listing is {listing.state.name}: lawful now is {ways}",
        metadata={"state": listing.state.name, "allowed": ways},
    )
