"""Cells: integer counts by (kind, outcome, response, month), and penalties by day; they hold no weight of any policy.

A cell's key packs kind, two classes and a time into one integer, so that a merchant's cells are one array of (key, value)
and a million merchants' cells one longer array. A new policy reads the cells again; only a new distinction rebuilds them.
Of cases the second class holds the response, the band of the complainant (domain/crowd.py), and whether a review found the
case genuine, so that how many cases one complainant has, and what a person judged, are counts like the others.
"""

from array import array
from collections.abc import Iterable
from enum import IntEnum
from itertools import chain

import numpy as np

from services.common.kernel.day import month_index
from services.credit.domain import crowd
from services.credit.domain.crowd import GENUINE
from services.credit.domain.facts import WEIGHING, Complaint, Fact, Penalty, Volume
from services.credit.domain.listed import Listed

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


def case_key(status: int, response: int, received_month: int, *, is_genuine: bool) -> int:
    """Pack the key of a case whose complainant has no other against the merchant; crowd.banded gives that of the others."""
    return key(CellKind.CASES, status, response | is_genuine * GENUINE, received_month)


def cells_of(fact: Fact) -> tuple[tuple[int, int], ...]:
    """Return the cells that a fact by itself fills: none when it is held or does not weigh."""
    if fact.held:
        return ()
    body = fact.body
    match body:
        case Complaint() if body.status in WEIGHING and not body.is_abusive:
            month = month_index(body.received_on)
            return ((case_key(body.status, body.response, month, is_genuine=body.is_genuine), 1),)
        case Volume() if body.orders:
            return ((key(CellKind.ORDERS, 0, 0, month_index(body.month)), body.orders),)
        case Penalty() if body.is_published and not body.revoked:
            return ((key(CellKind.PENALTIES, body.severity_class, 0, body.decided_on.toordinal()), 1),)
        case Listed() if body.lowers and body.stands:
            begins = (key(CellKind.LISTINGS, BEGINS, 0, body.since.toordinal()), 1)
            return (
                (begins,)
                if body.until is None
                else (begins, (key(CellKind.LISTINGS, ENDS, 0, body.until.toordinal()), 1))
            )
        case _:
            return ()


def sum_of(facts: Iterable[Fact]) -> dict[int, int]:
    """Return the cells of all facts of one subject: what subject.SubjectState keeps event by event."""
    filled: dict[int, int] = {}
    complainants: dict[str, list[int]] = {}
    for fact in facts:
        for cell, value in cells_of(fact):
            if isinstance(fact.body, Complaint) and fact.body.complainant:
                complainants.setdefault(fact.body.complainant, []).append(cell)
            else:
                filled[cell] = filled.get(cell, 0) + value
    for mine in complainants.values():
        band = crowd.band_of(len(mine))
        for cell in mine:
            banded = crowd.banded(cell, band)
            filled[banded] = filled.get(banded, 0) + 1
    return filled


def pack(cells: dict[int, int]) -> bytes:
    """Return the cells as bytes, sorted by key, the same for the same cells."""
    return array("q", chain.from_iterable(sorted(cells.items()))).tobytes()


def unpack(data: bytes) -> dict[int, int]:
    """Return the cells of packed bytes."""
    flat = array("q", data)
    return dict(zip(flat[::2], flat[1::2], strict=True))
