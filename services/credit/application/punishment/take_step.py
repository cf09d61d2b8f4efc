"""Takes one step of a procedure that orders nothing: notice, hearing, objection, repair, and their refusals."""

from datetime import datetime

from services.common.auth.actor import Actor, Role
from services.common.clock import china_day
from services.common.errors import Forbidden
from services.credit.application.punishment.keep import keep
from services.credit.application.punishment.ports import PunishmentStore
from services.credit.domain.punishment.decision import check_not_below, check_office
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.procedure import advance
from services.credit.domain.punishment.repair import check_eligible
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import StepKind

_OF_THE_ENTERPRISE = frozenset({StepKind.OBJECT, StepKind.APPLY_REPAIR})


def take_step(store: PunishmentStore, law: Law, actor: Actor, listing_id: str, step: Step, now: datetime) -> Listing:
    """Take a step and return the listing; raises what the procedure refuses, Forbidden, NotFound."""
    listing = store.listing(listing_id)
    day = china_day(now)
    rule = law.list_row(listing.list_id, day)
    check_who(store, law, actor, listing, step)
    if step.kind is StepKind.APPLY_REPAIR:
        check_eligible(listing, rule, day)
    moved = advance(listing, step, rule)
    keep(store, moved, [step], rule, now)
    if step.kind in (StepKind.OBJECT, StepKind.REFUSE_OBJECTION):
        store.renew_check(listing.code)  # readers see the mark
    return moved


def check_who(store: PunishmentStore, law: Law, actor: Actor, listing: Listing, step: Step) -> None:
    """Raise Forbidden unless the caller is a competent office, or the enterprise itself where the step is its own.

    Who an enterprise was merged into has its rights too: the listing binds it (Company Law 2023 art. 221).
    """
    if step.kind in _OF_THE_ENTERPRISE and actor.has(Role.MERCHANT) and not actor.has(Role.REGULATOR, Role.OFFICE):
        if actor.subject not in {listing.code, store.goes_on_as(listing.code)}:
            raise Forbidden("a merchant does this for itself only", metadata={"credit_code": listing.code})
        return
    check_office(law.list_row(listing.list_id, step.day), actor.office, store.region(listing.code))
    check_not_below(listing, step)
