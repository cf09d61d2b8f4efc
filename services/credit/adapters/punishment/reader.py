"""Reads listings and orders for answers, page by page."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from psycopg import Connection

from services.credit.adapters.punishment.listing_rows import ListingView, read_views
from services.credit.adapters.punishment.order_rows import read_orders
from services.credit.adapters.punishment.postgres_store import listing_not_found
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.order import Order
from services.credit.domain.punishment.terms import DirectiveState


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
    departments: list[str]
    overdue_on: date | None


#: Only what is asked stands in the statement, so that each has the index of its own.
_CONDITIONS = {
    "listing_id": "listing_id = %s",
    "code": "code = %s",
    "overdue_on": "due_on < %s",
}


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
        given = query._asdict()
        departments = given.pop("departments")
        conditions = [(_CONDITIONS[name], value) for name, value in given.items() if value]
        where = ["directive_id > %s", *(condition for condition, _ in conditions)]
        if departments:  # hardly any has more than itself, and one by itself is read in the order of its index
            where.append(f"({' OR '.join(['department = %s'] * len(departments))})")
        values = [*(value for _, value in conditions), *departments]
        return read_orders(self._conn, f"{' AND '.join(where)} ORDER BY directive_id LIMIT %s", [after, *values, limit])

    def delivered(self, orders: Sequence[Order]) -> frozenset[str]:
        """Return the ids of those orders whose department came back with a cursor after their number."""
        issued = [order for order in orders if order.state is DirectiveState.ISSUED and order.number is not None]
        if not issued:
            return frozenset()
        rows = self._conn.execute(
            "SELECT d.directive_id FROM credit.department_directive d JOIN credit.department_feed f USING (department)"
            " WHERE d.number <= f.delivered_through"
            " AND (d.department, d.number) IN (SELECT * FROM unnest(%s::text[], %s::int8[]))",
            [[order.department for order in issued], [order.number for order in issued]],
        ).fetchall()
        return frozenset(row[0] for row in rows)

    def _views(self, listing_ids: Sequence[str]) -> list[ListingView]:
        views = read_views(self._conn, self._law, listing_ids)
        return [views[listing_id] for listing_id in listing_ids if listing_id in views]
