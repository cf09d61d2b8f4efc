"""Proposes a listing with its evidence: a trigger never lists by itself."""

from dataclasses import dataclass
from datetime import datetime

from services.common.auth.actor import Actor
from services.common.clock import china_day
from services.common.errors import PreconditionFailed, invalid
from services.credit.application.punishment.ports import PunishmentStore
from services.credit.domain.facts import Penalty
from services.credit.domain.publicity import Severity
from services.credit.domain.punishment import procedure
from services.credit.domain.punishment.decision import check_grave_and_heavy, check_office
from services.credit.domain.punishment.law import Law, ListRule
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import StepKind

MAX_EVIDENCE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed."""

    listing_id: str
    code: str
    list_id: str
    trigger_id: str
    severity: Severity
    fact_ids: tuple[str, ...]
    reasons: str
    document_number: str
    is_grave: bool


def propose_listing(store: PunishmentStore, law: Law, actor: Actor, proposal: Proposal, now: datetime) -> Listing:
    """Write a proposal and return the listing.

    Raises InvalidInput, Forbidden for a wrong office, PreconditionFailed when the list's test is not met or the enterprise
    was merged into another, NotFound, AlreadyExists.
    """
    day = china_day(now)
    rule = law.list_rule(proposal.list_id, day)
    _check_trigger(rule, proposal.trigger_id)
    check_office(rule, actor.office, store.region(proposal.code))
    check_goes_on(store, proposal.code)
    penalties = _evidence(store, proposal)
    check_grave_and_heavy(rule, penalties, is_grave=proposal.is_grave)
    step = Step(
        kind=StepKind.PROPOSE, day=day, actor=actor.subject, office=actor.office, reasons=proposal.reasons,
        document_number=proposal.document_number, fact_ids=proposal.fact_ids,
    )  # fmt: skip
    opening = Listing(
        listing_id=proposal.listing_id, code=proposal.code, list_id=proposal.list_id, trigger_id=proposal.trigger_id,
        severity=proposal.severity,
    )  # fmt: skip
    listing = procedure.propose(opening, step, rule)
    store.add(listing, now)
    return listing


def check_goes_on(store: PunishmentStore, code: str) -> None:
    """Raise PreconditionFailed naming the enterprise that a locked one was merged into: what is no more is not listed."""
    if (into := store.goes_on_as(code)) != code:
        raise PreconditionFailed(
            f"{code} was merged into {into}: propose it for that one, with the facts of both",
            metadata={"merged_into": into},
        )


def _evidence(store: PunishmentStore, proposal: Proposal) -> list[Penalty]:
    """Return the penalties among the evidence; raises InvalidInput for a fact that is not this enterprise's."""
    if not 1 <= len(proposal.fact_ids) <= MAX_EVIDENCE:
        raise invalid("fact_ids", f"give 1 to {MAX_EVIDENCE} facts as evidence")
    found = store.facts(proposal.code, proposal.fact_ids)
    missing = sorted(set(proposal.fact_ids) - set(found))
    if missing:
        raise invalid("fact_ids", f"{missing[0]} is no fact of {proposal.code}: name facts that ListEvidence shows")
    return [fact.body for fact in found.values() if isinstance(fact.body, Penalty)]


def _check_trigger(rule: ListRule, trigger_id: str) -> None:
    if trigger_id not in rule.triggers:
        raise invalid("trigger_id", f"use one of {', '.join(sorted(rule.triggers))}")
