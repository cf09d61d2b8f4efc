"""Keeps a listing after its steps: the listing itself, and what the enterprise's record shows of it."""

from collections.abc import Sequence
from datetime import datetime

from services.credit.application.punishment.ports import PunishmentStore
from services.credit.domain.punishment.as_fact import as_fact
from services.credit.domain.punishment.law import ListRule
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.step import Step


def keep(store: PunishmentStore, listing: Listing, steps: Sequence[Step], rule: ListRule, now: datetime) -> None:
    """Write a listing with its newest steps, and once it is published, its fact."""
    store.save(listing, steps, now)
    listed = as_fact(listing, rule)
    if listed is not None:
        store.tell_record(listed, now)
