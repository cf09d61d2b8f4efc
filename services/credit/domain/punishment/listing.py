"""A listing's procedure as a state table: proposed, notified, heard or not, decided, published, ended.

Tolerant when history is read again: `fold` keeps the last lawful state and hands back the steps that do not fit. Who takes a
step goes through procedure.advance, which is strict.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from services.common.kernel.working_day import add_working_days
from services.credit.domain.publicity import Severity
from services.credit.domain.punishment.law import ListRule
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import EndReason, ListingState, StepKind

#: SAMR Order 45 art. 12: publish within 20 working days.
PUBLISH_DAYS = 20
_WITHOUT_NOTICE = frozenset({StepKind.DECIDE, StepKind.DROP})
_AFTER_HEARING = _WITHOUT_NOTICE | {StepKind.APPROVE}
ALLOWED: dict[ListingState, frozenset[StepKind]] = {
    ListingState.PROPOSED: frozenset({StepKind.NOTIFY, StepKind.DROP}),
    ListingState.NOTIFIED: frozenset({StepKind.HEAR, StepKind.PASS_HEARING, StepKind.DROP}),
    ListingState.HEARD: _AFTER_HEARING,
    ListingState.NO_HEARING: _AFTER_HEARING,
    ListingState.DECIDED: frozenset({StepKind.PUBLISH}),
    ListingState.DROPPED: frozenset(),
    ListingState.PUBLISHED: frozenset({StepKind.END, StepKind.OBJECT, StepKind.APPLY_REPAIR}),
    ListingState.ENDED: frozenset(),
}
_NEXT = {
    StepKind.NOTIFY: ListingState.NOTIFIED,
    StepKind.HEAR: ListingState.HEARD,
    StepKind.PASS_HEARING: ListingState.NO_HEARING,
    StepKind.DECIDE: ListingState.DECIDED,
    StepKind.DROP: ListingState.DROPPED,
    StepKind.PUBLISH: ListingState.PUBLISHED,
    StepKind.END: ListingState.ENDED,
}


class Due(NamedTuple):
    """What is due, and its last day."""

    step: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A listing and all its steps; `until` is the first day on which it no longer holds, None while its cause lasts."""

    listing_id: str
    code: str
    list_id: str
    trigger_id: str
    severity: Severity
    state: ListingState = ListingState.PROPOSED
    steps: tuple[Step, ...] = ()
    published_on: date | None = None
    until: date | None = None
    end_reason: EndReason | None = None
    objection_due: date | None = None
    repair_due: date | None = None
    due: Due | None = None

    def last(self, kind: StepKind) -> Step | None:
        """Return the last step of a kind."""
        return next((step for step in reversed(self.steps) if step.kind is kind), None)

    def holds_on(self, day: date) -> bool:
        """Tell whether it is published and within its term on a day."""
        is_within = self.until is None or day < self.until
        return self.state is ListingState.PUBLISHED and is_within


def allowed(listing: Listing, rule: ListRule) -> frozenset[StepKind]:
    """Return the steps that are lawful now."""
    if listing.state is ListingState.PROPOSED and not rule.needs_notice:
        return _WITHOUT_NOTICE
    steps = ALLOWED[listing.state]
    if rule.needs_approval_below is None:
        steps = steps - {StepKind.APPROVE}
    if listing.objection_due is not None:
        steps = steps - {StepKind.OBJECT} | {StepKind.REFUSE_OBJECTION}
    if listing.repair_due is not None:
        steps = steps - {StepKind.APPLY_REPAIR} | {StepKind.REFUSE_REPAIR}
    return steps


def fold(opening: Listing, steps: Iterable[Step], rule: Callable[[date], ListRule]) -> tuple[Listing, tuple[Step, ...]]:
    """Return a listing from its recorded steps, and the steps that do not fit its history."""
    misfits: list[Step] = []
    listing = opening
    for step in steps:
        row = rule(step.day)
        if step.kind is StepKind.PROPOSE and not listing.steps:
            listing = with_due(replace(listing, steps=(step,)), step, row)
        elif step.kind in allowed(listing, row):
            listing = apply(listing, step, row)
        else:
            misfits.append(step)
    return listing, tuple(misfits)


def apply(listing: Listing, step: Step, rule: ListRule) -> Listing:
    """Return the listing after a step that is lawful."""
    moved = replace(listing, steps=(*listing.steps, step), state=_NEXT.get(step.kind, listing.state))
    match step.kind:
        case StepKind.PUBLISH:
            moved = replace(moved, published_on=step.day, until=step.until)
        case StepKind.END:
            moved = replace(moved, end_reason=step.end_reason, objection_due=None, repair_due=None)
        case StepKind.OBJECT:
            moved = replace(moved, objection_due=add_working_days(step.day, rule.objection_days).day)
        case StepKind.REFUSE_OBJECTION:
            moved = replace(moved, objection_due=None)
        case StepKind.APPLY_REPAIR:
            moved = replace(moved, repair_due=add_working_days(step.day, rule.repair_days).day)
        case StepKind.REFUSE_REPAIR:
            moved = replace(moved, repair_due=None)
    return with_due(moved, step, rule)


def with_due(listing: Listing, step: Step, rule: ListRule) -> Listing:
    """Return the listing with what is due next; every open step has a last day, so that a forgotten one shows."""
    waits = {
        ListingState.PROPOSED: ("NOTIFY", rule.notify_days) if rule.needs_notice else ("DECIDE", rule.decide_days),
        ListingState.NOTIFIED: ("RECORD_HEARING", rule.hearing_days + rule.notify_days),
        ListingState.HEARD: ("DECIDE", rule.decide_days),
        ListingState.NO_HEARING: ("DECIDE", rule.decide_days),
        ListingState.DECIDED: ("PUBLISH", PUBLISH_DAYS),
    }
    if listing.state in waits:
        name, days = waits[listing.state]
        return replace(listing, due=Due(name, add_working_days(step.day, days).day))
    pending = (("DECIDE_OBJECTION", listing.objection_due), ("DECIDE_REPAIR", listing.repair_due))
    return replace(
        listing, due=min((Due(name, day) for name, day in pending if day), key=lambda d: d.day, default=None)
    )
