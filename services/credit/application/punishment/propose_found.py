"""Proposes what the law's triggers find in the facts of an enterprise: the system proposes, and never decides."""

import hashlib
from datetime import date, datetime
from typing import Protocol

from services.common.clock import china_day
from services.credit.application.punishment.ports import PunishmentStore
from services.credit.domain.punishment import procedure
from services.credit.domain.punishment.law import Law, ListRule
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import StepKind
from services.credit.domain.punishment.trigger import Found, Watch, find


class ProposalStore(PunishmentStore, Protocol):
    """What proposing also needs."""

    def was_proposed(self, code: str, list_id: str, fact_id: str) -> bool:
        """Tell whether a listing of a list is open, or a fact was the evidence of one before.

        Of those merged into the enterprise: what is published, since it binds both; what was only proposed can be decided
        no more, and is proposed again.
        """
        ...


def propose_found(store: ProposalStore, law: Law, code: str, now: datetime) -> int:
    """Propose each listing whose trigger is met by something new; return how many: none of who was merged meanwhile."""
    day = china_day(now)
    store.region(code)  # locks the enterprise: two sweeps propose once
    if store.goes_on_as(code) != code:
        return 0
    proposed = 0
    for rule, trigger_id, watch in law.watches(day):
        found = find(watch, store.penalties(code, watch.since(day)), day)
        if found is None or store.was_proposed(code, rule.list_id, found.fact_ids[0]):
            continue
        store.add(_proposal(code, rule, trigger_id, watch, found, day), now)
        proposed += 1
    return proposed


def _proposal(code: str, rule: ListRule, trigger_id: str, watch: Watch, found: Found, day: date) -> Listing:
    """Return the proposal, by nobody's hand; its id follows from its evidence."""
    evidence = hashlib.sha256("\n".join((code, trigger_id, *found.fact_ids)).encode()).hexdigest()[:16]
    opening = Listing(
        listing_id=f"found-{rule.list_id}-{evidence}", code=code, list_id=rule.list_id, trigger_id=trigger_id,
        severity=found.severity,
    )  # fmt: skip
    reasons = f"{rule.title}：{watch.months}个月内受到行政处罚{watch.penalties}次以上（{rule.triggers[trigger_id]}）"
    step = Step(kind=StepKind.PROPOSE, day=day, actor="", office="", reasons=reasons, fact_ids=found.fact_ids)
    return procedure.propose(opening, step, rule)
