"""A published listing as what the enterprise's credit is told of it: until when, whether marked, when repairable."""

from datetime import date

from services.credit.domain.listed import Listed
from services.credit.domain.punishment.law import ListRule
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.repair import eligible_on
from services.credit.domain.punishment.terms import EndReason, ListingState, StepKind


def as_fact(listing: Listing, rule: ListRule) -> Listed | None:
    """Return the fact as it stands after the last step; None for a listing that was never published."""
    decided = listing.last(StepKind.DECIDE)
    if listing.published_on is None or decided is None:
        return None
    return Listed(
        code=listing.code,
        listing_id=listing.listing_id,
        list_id=listing.list_id,
        title=rule.title,
        since=listing.published_on,
        until=_until(listing, rule),
        revoked=listing.end_reason is EndReason.ANNULLED,
        objected=listing.objection_due is not None,
        lowers=rule.lowers_grade,
        repair_on=eligible_on(listing, rule),
        document_number=decided.document_number,
        office=decided.office,
        legal_basis=rule.basis.citation,
        revision=len(listing.steps),
    )


def _until(listing: Listing, rule: ListRule) -> date | None:
    """Return the earliest of its end, its term's, and its list's basis's."""
    ended = listing.last(StepKind.END) if listing.state is ListingState.ENDED else None
    ends = (ended.day if ended else None, listing.until, rule.basis.effective_until)
    return min((end for end in ends if end is not None), default=None)
