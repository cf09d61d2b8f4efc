"""Credit repair: the first day on which it may be applied for, by regime, severity and list (NDRC Order 36; SAMR 2025)."""

from datetime import date

from services.common.errors import PreconditionFailed
from services.common.kernel.day import add_months
from services.credit.domain.punishment.law import ListRule
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.terms import EndReason, StepKind


def eligible_on(listing: Listing, rule: ListRule) -> date | None:
    """Return the first day for an application; None when the list knows no repair or nothing is published."""
    if EndReason.REPAIRED not in rule.exits or listing.published_on is None:
        return None
    first = add_months(listing.published_on, rule.repair_after_months[listing.severity])
    refused = listing.last(StepKind.REFUSE_REPAIR)
    return first if refused is None or refused.next_on is None else max(first, refused.next_on)


def check_eligible(listing: Listing, rule: ListRule, day: date) -> None:
    """Raise PreconditionFailed naming the first day when it is not come yet."""
    first = eligible_on(listing, rule)
    if first is None:
        raise PreconditionFailed(f"the list {rule.list_id} knows no repair of a listing that is {listing.state.name}")
    if day < first:
        raise PreconditionFailed(
            f"repair is possible from {first} on ({rule.basis.citation})", metadata={"eligible_on": first.isoformat()}
        )
