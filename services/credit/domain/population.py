"""A population as columns: one merchant or a million, the same arrays for the scorer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.common.kernel.day import month_index
from services.credit.domain import cells
from services.credit.domain.facts import Registration

Ints = npt.NDArray[np.int64]
#: The established month of an enterprise whose day of establishment is unknown.
UNKNOWN_MONTH = -1


class Entry(NamedTuple):
    """What the scorer needs of one subject."""

    registration: Registration | None
    cells: bytes
    is_listed: bool = False


@dataclass(frozen=True, slots=True)
class Population:
    """Columns of subjects, and their cells one after the other with the subject's number beside each."""

    known: npt.NDArray[np.bool_]
    listed: npt.NDArray[np.bool_]
    status: Ints
    established_month: Ints
    cell_subject: Ints
    cell_kind: Ints
    cell_first: Ints
    cell_second: Ints
    cell_when: Ints
    cell_value: Ints

    @property
    def size(self) -> int:
        """Return how many subjects there are."""
        return len(self.known)


def columns(entries: Sequence[Entry]) -> Population:
    """Return the columns of some subjects."""
    registrations = [entry.registration for entry in entries]
    return assemble(
        known=np.array([r is not None for r in registrations], dtype=bool),
        listed=np.array([entry.is_listed for entry in entries], dtype=bool),
        status=np.array([r.status if r else 0 for r in registrations], dtype=np.int64),
        established_month=np.array([_month(r) for r in registrations], dtype=np.int64),
        blobs=[entry.cells for entry in entries],
    )


def assemble(
    *, known: npt.NDArray[np.bool_], listed: npt.NDArray[np.bool_], status: Ints, established_month: Ints,
    blobs: Sequence[bytes],
) -> Population:  # fmt: skip
    """Join columns and packed cells."""
    flat = np.frombuffer(b"".join(blobs), dtype=cells.DTYPE)
    counts = np.fromiter(map(len, blobs), dtype=np.int64, count=len(blobs)) // cells.DTYPE.itemsize
    keys = flat["key"]
    return Population(
        known=known,
        listed=listed,
        status=status,
        established_month=established_month,
        cell_subject=np.repeat(np.arange(len(blobs)), counts),
        cell_kind=keys >> 48,
        cell_first=(keys >> 40) & 0xFF,
        cell_second=(keys >> 32) & 0xFF,
        cell_when=keys & 0xFFFFFFFF,
        cell_value=flat["value"],
    )


def _month(registration: Registration | None) -> int:
    if registration is None or registration.established_on is None:
        return UNKNOWN_MONTH
    return month_index(registration.established_on)
