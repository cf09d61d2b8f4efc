"""What a decision may order: the right office, the approval that the list asks for, and measures that fit."""

from collections.abc import Iterable, Mapping
from datetime import date

from services.common.errors import FieldViolation, Forbidden, InvalidInput, PreconditionFailed
from services.credit.domain.facts import Penalty
from services.credit.domain.publicity import PenaltyKind, Severity
from services.credit.domain.punishment.law import Law, ListRule, Measure
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.office import parse_office
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import StepKind

_ON_A_DECISION = frozenset({StepKind.END, StepKind.REFUSE_OBJECTION, StepKind.REFUSE_REPAIR})
#: Order 44 art. 2: 降低资质、吊销许可, 限制经营、停产停业、关闭、限制从业 are heavy whatever their class.
_HEAVY_KINDS = frozenset({PenaltyKind.LICENCE, PenaltyKind.RESTRICTION})


def check_office(rule: ListRule, office: str, region: str) -> None:
    """Raise Forbidden when an office may not decide this list for an enterprise of a region."""
    found = parse_office(office, "office")
    if found.kind != rule.decided_by or not found.covers(region):
        raise Forbidden(
            f"{office} may not decide {rule.list_id} for region {region}: an office of {rule.decided_by} there decides",
            metadata={"office": office, "region": region},
        )


def check_not_below(listing: Listing, step: Step) -> None:
    """Raise Forbidden when an office below the one that listed takes a step on its decision.

    Removal, repair and objections are for who decided, or for an office above it (SAMR Order 44; 行政复议法 for those above).
    """
    decided = listing.last(StepKind.DECIDE)
    if decided is None or not decided.office or step.kind not in _ON_A_DECISION:
        return
    if parse_office(step.office, "office").level < parse_office(decided.office, "office").level:
        raise Forbidden(
            f"{decided.office} decided: it, or an office above it, ends the listing and decides objections and repairs",
            metadata={"office": step.office, "decided_by": decided.office},
        )


def check_approval(rule: ListRule, step: Step, approval: Step | None) -> None:
    """Raise PreconditionFailed when a decision needs the next-higher office's approval, and its own step does not stand there."""
    office = parse_office(step.office, "office")
    if rule.needs_approval_below is None or office.level >= rule.needs_approval_below:
        return
    if approval is None or approval.office != str(office.next_higher):
        raise PreconditionFailed(
            f"{rule.list_id} decided by {step.office} needs the approval of {office.next_higher}: it calls ApproveListing"
        )
    if approval.actor == step.actor:
        raise PreconditionFailed("who approved may not decide: another person of the lower office does")


def check_grave_and_heavy(rule: ListRule, penalties: Iterable[Penalty], *, is_grave: bool) -> None:
    """Apply the two-part test of SAMR Order 44 art. 2: grave conduct, and a heavy penalty among the evidence.

    Raises PreconditionFailed naming the part that is not met.
    """
    if not rule.needs_grave_and_heavy:
        return
    if not is_grave:
        raise PreconditionFailed("is_grave: the list asks for conduct that is vile, grave and of great social harm")
    if not any(is_heavy(penalty) for penalty in penalties):
        raise PreconditionFailed("fact_ids: the list asks for a heavier administrative penalty among the evidence")


def check_no_new_heavy(listing: Listing, penalties: Mapping[str, Penalty]) -> None:
    """Raise PreconditionFailed naming a heavier penalty since the listing: it bars early removal (SAMR Order 44, after a year).

    That duties are performed and the harm is removed, the office itself judges, on its paper.
    """
    proposed, since = listing.last(StepKind.PROPOSE), listing.published_on
    evidence = proposed.fact_ids if proposed is not None else ()
    for fact_id, penalty in sorted(penalties.items()):
        if since is not None and penalty.decided_on >= since and is_heavy(penalty) and fact_id not in evidence:
            raise PreconditionFailed(
                f"reason: early removal is barred by the heavier penalty {fact_id} of {penalty.decided_on}",
                metadata={"fact_id": fact_id},
            )


def is_heavy(penalty: Penalty) -> bool:
    """Tell whether a penalty in force is a heavier one (较重行政处罚)."""
    grave = penalty.kind in _HEAVY_KINDS or penalty.severity_class is Severity.SERIOUS
    return grave and not penalty.revoked


def choose_measures(law: Law, listing: Listing, measure_ids: Iterable[str], day: date) -> tuple[Measure, ...]:
    """Return the measures that may be ordered.

    Raises InvalidInput for one that is not in the catalogue or named twice, PreconditionFailed for one that does not fit.
    """
    chosen = tuple(law.measure(measure_id, day) for measure_id in measure_ids)
    if len({measure.measure_id for measure in chosen}) != len(chosen):
        violation = FieldViolation(field="measure_ids", description="name each measure once")
        raise InvalidInput("measure_ids: name each measure once", violations=(violation,))
    for measure in chosen:
        if (why := _misfit(measure, listing, day)) is not None:
            raise PreconditionFailed(
                f"measure_ids: {measure.measure_id} {why}", metadata={"measure_id": measure.measure_id}
            )
    return chosen


def _misfit(measure: Measure, listing: Listing, day: date) -> str | None:
    if not measure.basis.holds_on(day):
        return f"has no basis in force on {day}: {measure.basis.citation}"
    if listing.list_id not in measure.follows:
        return f"may follow only {', '.join(sorted(measure.follows))}"
    if measure.severities and listing.severity not in measure.severities:
        return f"is out of proportion for {listing.severity.name}"
    if measure.relevant_to and listing.trigger_id not in measure.relevant_to:
        return f"is not related to {listing.trigger_id}"
    if measure.spares_first_and_light and listing.severity is Severity.MINOR:
        return "spares first and light conduct"
    return None
