"""Tells credit's ledger of a published listing inside the transaction of its step: record, score and measures move as one.

The fact goes through the same use case as what comes by topic: inbox, assertion, fold, rating, publication. Only punishment
tells of listings, and it has locked the enterprise before, so the locks on such facts never cross those of the worker.
"""

import hashlib
from datetime import datetime

from psycopg import Connection

from services.common.clock import Clock
from services.credit.adapters import bodies
from services.credit.adapters.policy_store import refresh
from services.credit.adapters.postgres_ledger import PostgresLedger
from services.credit.application.apply_events import ApplyEvents
from services.credit.application.policies import Policies
from services.credit.application.sources import OFFICE_AUTHORITY
from services.credit.application.told import Told
from services.credit.domain.facts import Assertion, fact_id
from services.credit.domain.listed import Listed

SOURCE = "//punishment.merchantcredit"


class ListingRecords:
    """Puts listings on the enterprise's record."""

    def __init__(self, policies: Policies, clock: Clock) -> None:
        self._policies = policies
        self._apply = ApplyEvents(policies, clock)

    def tell(self, conn: Connection, listed: Listed, at: datetime) -> None:
        """Apply where a listing stands, in the caller's transaction."""
        refresh(conn, self._policies)
        self._apply.execute(PostgresLedger(conn), [_told(listed, at)], [], at)


def _told(listed: Listed, at: datetime) -> Told:
    event_id = f"{listed.listing_id}:{listed.revision}"
    assertion = Assertion(fact_id(listed, SOURCE), OFFICE_AUTHORITY, at, event_id, False, listed)
    kept = bodies.told_listing(listed).SerializeToString()
    digest = hashlib.sha256(kept).digest()[:16]
    return Told(0, SOURCE, event_id, digest, listed.office, assertion, kept, "")
