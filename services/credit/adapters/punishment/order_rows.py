"""Between rows and orders."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from services.credit.domain.punishment.order import Order
from services.credit.domain.punishment.terms import DeclineReason, DirectiveState, EndReason

_NAMES = tuple(field.name for field in fields(Order))
COLUMNS = ", ".join(_NAMES)


def read_orders(conn: Connection, where: str, parameters: Sequence[Any]) -> list[Order]:
    """Return the orders of a condition, which is a constant of the caller's; it may sort, limit and lock."""
    cursor = conn.cursor(row_factory=dict_row)
    return [_order(row) for row in cursor.execute(f"SELECT {COLUMNS} FROM credit.directive WHERE {where}", parameters)]


def insert_orders(conn: Connection, orders: Sequence[Order]) -> None:
    """Write new orders."""
    with conn.cursor() as cursor, cursor.copy(f"COPY credit.directive ({COLUMNS}) FROM STDIN") as copy:
        for order in orders:
            copy.write_row([getattr(order, name) for name in _NAMES])


def _order(row: dict[str, Any]) -> Order:
    row["state"] = DirectiveState(row["state"])
    for name, term in (("lift_reason", EndReason), ("decline_reason", DeclineReason)):
        row[name] = None if row[name] is None else term(row[name])
    return Order(**row)
