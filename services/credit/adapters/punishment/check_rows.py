"""What the check of an enterprise reads: one row, renewed in the transaction of every change of its orders."""

from collections.abc import Mapping

from merchantcredit.credit.v1.punishment_service_pb2 import CheckEnterpriseResponse
from psycopg import Connection

from services.credit.adapters.punishment.listing_rows import read_listings
from services.credit.adapters.punishment.measures import applied
from services.credit.adapters.punishment.order_rows import read_orders
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.listing import Listing


def renew(conn: Connection, law: Law, code: str, known: Mapping[str, Listing]) -> None:
    """Write the orders that are not lifted; whether one has force today its reader decides, by term and basis.

    `known` are listings as this transaction has them; only others are read.
    """
    conn.execute(
        "INSERT INTO credit.enterprise_check VALUES (%s, %s)"
        " ON CONFLICT (code) DO UPDATE SET measures = excluded.measures",
        [code, computed(conn, law, code, known).SerializeToString()],
    )


def computed(conn: Connection, law: Law, code: str, known: Mapping[str, Listing]) -> CheckEnterpriseResponse:
    """Return what the row of an enterprise is to hold."""
    found = read_orders(conn, "code = %s AND lift_ordered_at IS NULL", [code])
    orders = sorted(found, key=lambda order: order.directive_id)
    others = {order.listing_id for order in orders} - known.keys()
    causes = {**known, **read_listings(conn, law, sorted(others))}
    measures = [applied(order, causes[order.listing_id], law, order.ordered_at) for order in orders]
    for (
        measure
    ) in measures:  # public readers learn the office and not the person, and what is ordered, not how far it came
        measure.ordered_by_actor, measure.is_confirmed = "", False
    return CheckEnterpriseResponse(measures=measures)
