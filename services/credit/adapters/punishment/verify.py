"""Proves from the events alone that no measure is active without a valid cause and basis, and that nobody was forgotten.

It reads the steps, the departments' sequences and their answers, computes everything again, and compares with what is kept.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from merchantcredit.credit.v1.punishment_service_pb2 import CheckEnterpriseResponse
from merchantcredit.events.v1 import directive_pb2 as pb
from psycopg import Connection

from services.common.clock import china_day
from services.credit.adapters.punishment.check_rows import computed
from services.credit.adapters.punishment.feedback_store import PostgresFeedback
from services.credit.adapters.punishment.listing_rows import read_listings
from services.credit.adapters.punishment.order_rows import read_orders
from services.credit.domain.punishment.chain import GENESIS, next_digest
from services.credit.domain.punishment.directive import fold
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.order import Order
from services.credit.domain.punishment.terms import ListingState, StepKind

CHUNK = 1000
_FORGOTTEN = """
SELECT s.listing_id, m FROM credit.listing_step AS s CROSS JOIN unnest(s.measure_ids) AS m
WHERE s.kind = %s
AND NOT EXISTS (SELECT FROM credit.directive AS d WHERE d.listing_id = s.listing_id AND d.measure_id = m)
ORDER BY 1, 2
"""


class Verified(NamedTuple):
    """What was compared, and every fault in one sentence each."""

    orders: int
    listings: int
    directives: int
    departments: int
    faults: list[str]


class _Sent(NamedTuple):
    """The numbers under which an order's APPLY and LIFT were sent."""

    applies: list[int]
    lifts: list[int]


def verify(conn: Connection, law: Law, now: datetime) -> Verified:
    """Compute everything again in one snapshot; a sweep that is late for today shows as a fault."""
    conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    sent, departments, directives, faults = _read_sequences(conn)
    seen: set[str] = set()
    orders = 0
    for chunk in _chunks(conn):
        causes = read_listings(conn, law, sorted({order.listing_id for order in chunk}))
        seen |= set(causes)
        orders += len(chunk)
        for order in chunk:
            faults += _faults(order, causes.get(order.listing_id), law, now)
            faults += _sent_faults(order, sent.pop(order.directive_id, _Sent([], [])))
            faults += _standing_faults(conn, order)
    faults += [f"{directive_id} was sent and never ordered" for directive_id in sent]
    faults += [*_forgotten(conn), *_check_faults(conn, law)]
    return Verified(orders, len(seen), directives, departments, faults)


def _chunks(conn: Connection) -> Iterator[Sequence[Order]]:
    last = ""
    while chunk := read_orders(conn, "directive_id > %s ORDER BY directive_id LIMIT %s", [last, CHUNK]):
        yield chunk
        last = chunk[-1].directive_id


def _faults(order: Order, cause: Listing | None, law: Law, now: datetime) -> list[str]:
    """Return what is wrong with an order that is still active."""
    if cause is None:
        return [f"{order.directive_id} has no listing"]
    decided, day = cause.last(StepKind.DECIDE), china_day(now)
    found = []
    if decided is None or order.measure_id not in decided.measure_ids:
        found.append(f"{order.directive_id} is ordered by no decision")
    if order.lift_ordered_at is None and cause.state is not ListingState.PUBLISHED:
        found.append(f"{order.directive_id} is active, and its listing is {cause.state.name}")
    if order.lift_ordered_at is None and not cause.holds_on(day):
        found.append(f"{order.directive_id} is active after the end of its listing's term")
    if order.lift_ordered_at is None and not law.measure(order.measure_id, day).basis.holds_on(day):
        found.append(f"{order.directive_id} is active without a basis in force")
    elif order.lift_ordered_at is None and order.is_over(day):
        found.append(f"{order.directive_id} is active after its own end on {order.until}")
    return found + _lift_faults(order, cause, law)


def _lift_faults(order: Order, cause: Listing, law: Law) -> list[str]:
    """Return what is wrong with a lift: something must have ended by its day, the listing or the basis of the measure."""
    if order.lift_ordered_at is None:
        return []
    day = china_day(order.lift_ordered_at)
    stands = cause.holds_on(day) and law.measure(order.measure_id, day).basis.holds_on(day) and not order.is_over(day)
    return [f"{order.directive_id} is lifted, and its listing and its basis stand"] if stands else []


def _forgotten(conn: Connection) -> list[str]:
    """Return what a decision orders and nobody ever got."""
    rows = conn.execute(_FORGOTTEN, [StepKind.DECIDE])
    return [f"the decision of {listing_id} orders {measure_id}, and nobody got it" for listing_id, measure_id in rows]


def _check_faults(conn: Connection, law: Law) -> list[str]:
    """Return the enterprises of which CheckEnterprise would read something else than what is ordered."""
    kept: dict[str, bytes] = dict(conn.execute("SELECT code, measures FROM credit.enterprise_check").fetchall())
    ordered = {
        row[0] for row in conn.execute("SELECT DISTINCT code FROM credit.directive WHERE lift_ordered_at IS NULL")
    }
    return [
        f"the check of {code} reads something else than its orders"
        for code in sorted(kept.keys() | ordered)
        if CheckEnterpriseResponse.FromString(kept.get(code, b"")) != computed(conn, law, code, {})
    ]


def _sent_faults(order: Order, sent: _Sent) -> list[str]:
    """Return what is wrong with how often an order's APPLY and LIFT stand in the sequences."""
    found = []
    if sent.applies not in ([], [order.number]):
        found.append(f"{order.directive_id} was sent as {sent.applies}, and number {order.number} is kept")
    if sent.lifts and (sent.lifts != [order.lift_number] or order.lift_ordered_at is None):
        found.append(f"the lift of {order.directive_id} was sent as {sent.lifts}, {order.lift_number} is kept")
    if order.number is not None and not sent.applies:
        found.append(f"{order.directive_id} has number {order.number}, and was not sent")
    if order.lift_number is not None and not sent.lifts:
        found.append(f"the lift of {order.directive_id} has number {order.lift_number}, and was not sent")
    return found


def _standing_faults(conn: Connection, order: Order) -> list[str]:
    told = PostgresFeedback(conn).told(order.directive_id)
    standing = fold(told, order.lift_number, is_lifting=order.lift_ordered_at is not None)
    if standing.state is order.state:
        return []
    return [f"{order.directive_id} is kept as {order.state.name}, and its answers make it {standing.state.name}"]


def _read_sequences(conn: Connection) -> tuple[dict[str, _Sent], int, int, list[str]]:
    """Walk every department's sequence; return what was sent by order, two counts, and breaks of number or digest."""
    sent: dict[str, _Sent] = defaultdict(lambda: _Sent([], []))
    faults: list[str] = []
    departments = directives = 0
    with conn.cursor(name="sequences", binary=True) as cursor:
        cursor.itersize = 10_000
        cursor.execute("SELECT department, number, digest, directive FROM credit.department_directive ORDER BY 1, 2")
        for department, rows in groupby(cursor, key=lambda row: row[0]):
            departments += 1
            last, digest = 0, GENESIS
            for _, number, kept, content in rows:
                last, digest = last + 1, next_digest(digest, last + 1, content)
                directives += 1
                if number != last or kept != digest:
                    faults.append(f"the sequence of {department} breaks at number {number}")
                    last, digest = number, kept
                _note(sent, pb.Directive.FromString(content), number)
    return sent, departments, directives, faults


def _note(sent: dict[str, _Sent], directive: pb.Directive, number: int) -> None:
    if directive.action == pb.DIRECTIVE_ACTION_APPLY:
        sent[directive.directive_id].applies.append(number)
    if directive.action == pb.DIRECTIVE_ACTION_LIFT:
        sent[directive.directive_id].lifts.append(number)
