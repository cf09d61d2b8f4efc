"""The desk behind PunishmentService: one transaction a call, the same request once."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from google.protobuf.message import Message
from psycopg import Connection

from services.common.auth.actor import Actor
from services.common.clock import Clock, china_day
from services.common.db.pool import Pool
from services.credit.adapters.punishment.listing_rows import ListingView
from services.credit.adapters.punishment.postgres_store import PostgresPunishment, TellRecord
from services.credit.adapters.punishment.reader import OrderQuery, PunishmentReader
from services.credit.adapters.requests import digest_of
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.order import Order

MAX_ORDERS = 500
T = TypeVar("T")


class Changed(NamedTuple):
    """A listing after a change, and its orders."""

    view: ListingView
    orders: Sequence[Order]
    delivered: frozenset[str]


class Desk:
    """Runs use cases and reads; blocking, for the server's threads."""

    def __init__(self, pool: Pool, law: Law, tell: TellRecord, clock: Clock) -> None:
        self._pool = pool
        self._tell = tell
        self.law = law
        self.clock = clock

    def change(self, actor: Actor, request: Message, use: Callable[[PostgresPunishment, datetime], object]) -> Changed:
        """Run a use case for a request once, and return its listing; the same request again only returns it.

        Raises RequestIdReused for another body under the same id, and what the use case raises.
        """
        request_id, listing_id = request.request_id, request.listing_id  # type: ignore[attr-defined]
        digest = digest_of(request)
        with self._pool.connection() as conn:
            store = PostgresPunishment(conn, self.law, self._tell)
            if store.take_request(actor.subject, request_id, digest, listing_id) is None:
                use(store, self.clock.now())
            decided = store.decided(listing_id)
            return Changed(*decided, frozenset()) if decided else self._changed(conn, listing_id)

    def listing(self, listing_id: str) -> Changed:
        """Return a listing and its orders; raises NotFound."""
        with self._pool.connection() as conn:
            return self._changed(conn, listing_id)

    def read(self, use: Callable[[Connection], T]) -> T:
        """Run a read in a transaction."""
        with self._pool.connection() as conn:
            return use(conn)

    def successor(self, department: str) -> str:
        """Return who has a department's tasks today."""
        return self.law.successor(department, china_day(self.clock.now()))

    def _changed(self, conn: Connection, listing_id: str) -> Changed:
        reader = PunishmentReader(conn, self.law)
        orders = reader.orders(OrderQuery(listing_id, "", [], None), "", MAX_ORDERS)
        return Changed(reader.listing(listing_id), orders, reader.delivered(orders))
