"""Cells: integer counts by (kind, outcome, response, month), and penalties by day; they hold no weight of any policy.

A cell's key packs kind, two classes and a time into one integer, so that a merchant's cells are one array of (key, value)
and a million merchants' cells one longer array. A new policy reads the cells again; only a new distinction rebuilds them.
"""

from array import array
from enum import IntEnum
from itertools import chain

import numpy as np

from services.common.kernel.day import month_index
from services.credit.domain.facts import WEIGHING, Complaint, Fact, Penalty, Volume
from services.credit.domain.listed import Listed
from services.credit.domain.publicity import severity_of

#: A packed cell; little endian as the machines that this runs on.
DTYPE = np.dtype([("key", "<i8"), ("value", "<i8")])


class CellKind(IntEnum):
    """What a cell counts."""

    CASES = 1
    ORDERS = 2
    PENALTIES = 3
    LISTINGS = 4


#: What `first` of a listing's cells says: it begins, or ends, on the day.
BEGINS, ENDS = 1, 2


def key(kind: int, first: int, second: int, when: int) -> int:
    """Pack a key: `when` is a month index for cases and orders, a day's ordinal for penalties and listings."""
    return kind << 48 | first << 40 | second << 32 | when


def cells_of(fact: Fact) -> tuple[tuple[int, int], ...]:
    """Return the cells that a fact fills: none when it is held or does not weigh."""
    if fact.held:
        return ()
    body = fact.body
    match body:
        case Complaint() if body.status in WEIGHING:
            return ((key(CellKind.CASES, body.status, body.response, month_index(body.received_on)), 1),)
        case Volume() if body.orders:
            return ((key(CellKind.ORDERS, 0, 0, month_index(body.month)), body.orders),)
        case Penalty() if not body.revoked:
            severity = severity_of(body.severity, body.kind, body.fine_fen + body.confiscated_fen)
            return ((key(CellKind.PENALTIES, severity, 0, body.decided_on.toordinal()), 1),)
        case Listed() if body.lowers and body.stands:
            begins = (key(CellKind.LISTINGS, BEGINS, 0, body.since.toordinal()), 1)
            return (
                (begins,)
                if body.until is None
                else (begins, (key(CellKind.LISTINGS, ENDS, 0, body.until.toordinal()), 1))
            )
        case _:
            return ()


def pack(cells: dict[int, int]) -> bytes:
    """Return the cells as bytes, sorted by key, the same for the same cells."""
    return array("q", chain.from_iterable(sorted(cells.items()))).tobytes()


def unpack(data: bytes) -> dict[int, int]:
    """Return the cells of packed bytes."""
    flat = array("q", data)
    return dict(zip(flat[::2], flat[1::2], strict=True))
