"""Reads listings and orders for answers, page by page."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from psycopg import Connection

from services.credit.adapters.punishment.listing_rows import read_listings, read_steps
from services.credit.adapters.punishment.order_rows import read_orders
from services.credit.adapters.punishment.postgres_store import listing_not_found
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.order import Order
from services.credit.domain.punishment.terms import DirectiveState


class ListingView(NamedTuple):
    """A listing, and when each of its steps was recorded."""

    listing: Listing
    recorded: Sequence[datetime]


class ListingQuery(NamedTuple):
    """Which listings; empty values mean all, `overdue_on` those whose next step is overdue on a day."""

    code: str
    list_id: str
    state: int
    overdue_on: date | None


class OrderQuery(NamedTuple):
    """Which orders; empty values mean all, `overdue_on` those whose answer is overdue on a day."""

    listing_id: str
    code: str
    department: str
    overdue_on: date | None


class PunishmentReader:
    """Reads inside one transaction."""

    def __init__(self, conn: Connection, law: Law) -> None:
        self._conn = conn
        self._law = law

    def listing(self, listing_id: str) -> ListingView:
        """Return a listing; raises NotFound."""
        found = self._views([listing_id])
        if not found:
            raise listing_not_found(listing_id)
        return found[0]

    def listings(self, query: ListingQuery, after: str, limit: int) -> list[ListingView]:
        """Return listings after an id, by id."""
        rows = self._conn.execute(
            "SELECT listing_id FROM credit.listing WHERE listing_id > %(after)s"
            " AND (%(code)s = '' OR code = %(code)s) AND (%(list_id)s = '' OR list_id = %(list_id)s)"
            " AND (%(state)s = 0 OR state = %(state)s)"
            " AND (%(overdue_on)s::date IS NULL OR due_on < %(overdue_on)s) ORDER BY listing_id LIMIT %(limit)s",
            {**query._asdict(), "after": after, "limit": limit},
        ).fetchall()
        return self._views([row[0] for row in rows])

    def orders(self, query: OrderQuery, after: str, limit: int) -> list[Order]:
        """Return orders after an id, by id."""
        return read_orders(
            self._conn,
            "directive_id > %s AND (%s = '' OR listing_id = %s) AND (%s = '' OR code = %s) AND (%s = '' OR department = %s)"
            " AND (%s::date IS NULL OR due_on < %s) ORDER BY directive_id LIMIT %s",
            [after, query.listing_id, query.listing_id, query.code, query.code, query.department, query.department,
             query.overdue_on, query.overdue_on, limit],
        )  # fmt: skip

    def delivered(self, orders: Sequence[Order]) -> frozenset[str]:
        """Return the ids of those orders whose department came back with a cursor after their number."""
        rows = self._conn.execute(
            "SELECT d.directive_id FROM credit.department_directive d JOIN credit.department_feed f USING (department)"
            " WHERE d.number <= f.delivered_through"
            " AND (d.department, d.number) IN (SELECT * FROM unnest(%s::text[], %s::int8[]))",
            [[order.department for order in orders], [order.number for order in orders]],
        ).fetchall()
        issued = {order.directive_id for order in orders if order.state is DirectiveState.ISSUED}
        return frozenset(row[0] for row in rows if row[0] in issued)

    def _views(self, listing_ids: Sequence[str]) -> list[ListingView]:
        listings = read_listings(self._conn, self._law, listing_ids)
        steps = read_steps(self._conn, listing_ids)
        return [ListingView(listings[i], [at for _, at in steps[i]]) for i in listing_ids if i in listings]
