"""The ledger of measures: what was in force on an enterprise at a moment, by what cause and basis, ordered and confirmed by whom."""

from datetime import datetime

from merchantcredit.credit.v1 import punishment_pb2 as pb
from psycopg import Connection

from services.common.clock import china_day
from services.credit.adapters.punishment.listing_rows import read_listings
from services.credit.adapters.punishment.order_rows import read_orders
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.order import Order

_AT = "code = %s AND ordered_at <= %s AND (lift_ordered_at IS NULL OR lift_ordered_at > %s) ORDER BY directive_id"


def measures_at(conn: Connection, law: Law, code: str, at: datetime) -> list[pb.AppliedMeasure]:
    """Return the measures in force at a moment; one whose term or basis had ended by then is not among them."""
    day = china_day(at)
    orders = [
        order
        for order in read_orders(conn, _AT, [code, at, at])
        if (order.until is None or day < order.until) and law.measure(order.measure_id, day).basis.holds_on(day)
    ]
    causes = read_listings(conn, law, [order.listing_id for order in orders], at)
    found = [
        applied(order, causes[order.listing_id], law, at)
        for order in orders
        if order.listing_id in causes and causes[order.listing_id].holds_on(day)
    ]
    for measure in found:
        measure.credit_code = code
    return found


def applied(order: Order, cause: Listing, law: Law, at: datetime) -> pb.AppliedMeasure:
    """Return a measure as readers see it."""
    since = china_day(order.ordered_at)
    measure = law.measure(order.measure_id, since)
    return pb.AppliedMeasure(
        measure_id=order.measure_id,
        kind=pb.MeasureKind.ValueType(measure.kind),
        content=measure.content,
        legal_basis=measure.basis.citation,
        listing_id=order.listing_id,
        list_id=cause.list_id,
        document_number=order.document_number,
        ordered_by=order.office,
        ordered_by_actor=order.actor,
        department=law.successor(order.department, china_day(at)),
        since=since.isoformat(),
        until=order.until.isoformat() if order.until else "",
        purposes=[pb.CheckPurpose.ValueType(purpose) for purpose in measure.purposes],
        is_confirmed=order.applied_at is not None and order.applied_at <= at,
        is_objected=cause.objection_due is not None,
    )
