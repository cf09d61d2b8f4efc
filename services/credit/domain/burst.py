"""Bursts of complaints: months with far more cases than the merchant's own months before; nothing of them weighs until reviewed.

A month is that of the cases' receipt, never of their arrival. It is a burst when its cases pass the threshold: the policy's
factor times the mean month of the merchant's year before and what its own orders of the month let expect, and at least the
policy's least number. A burst counts in that mean with no more than its threshold (or what a review found genuine), so that
it is no history for the next one. All of it follows from the cells, so a review gives exactly the score that would have been.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.credit.domain.cells import CellKind
from services.credit.domain.crowd import GENUINE
from services.credit.domain.policy import Policy
from services.credit.domain.population import Ints, Population

Mask = npt.NDArray[np.bool_]
#: Months looked back: older ones neither weigh nor are history any more.
_WINDOW = 120


class Burst(NamedTuple):
    """A month of one subject that is under review: its cases that nobody has judged, all its cases, and its threshold."""

    month: int
    unjudged: int
    cases: int
    threshold: int


@dataclass(frozen=True, slots=True)
class Bursts:
    """What is under review in a population: which cells, and the months by subject."""

    cells: Mask
    by_subject: dict[int, tuple[Burst, ...]]


def find(population: Population, month: int, policy: Policy) -> Bursts:
    """Return the bursts up to a month; only subjects with a month of enough cases are looked at closely."""
    is_recent = (population.cell_when <= month) & (population.cell_when > month - _WINDOW)
    is_case = (population.cell_kind == CellKind.CASES) & is_recent
    nothing = Bursts(np.zeros(len(is_case), dtype=bool), {})
    candidates = _candidates(population, is_case, policy)
    if not len(candidates):
        return nothing
    table = _Months(population, is_case, candidates, month)
    held, found = table.bursts(policy)
    if not held.any():
        return nothing
    row = np.full(population.size, -1, dtype=np.int64)
    row[candidates] = np.arange(len(candidates))
    mine = is_case & (row[population.cell_subject] >= 0) & (population.cell_second & GENUINE == 0)
    cells = np.zeros(len(is_case), dtype=bool)
    at = np.flatnonzero(mine)
    cells[at] = held[row[population.cell_subject[at]], population.cell_when[at] - table.first]
    return Bursts(cells, {int(candidates[i]): months for i, months in found.items()})


def _candidates(population: Population, is_case: Mask, policy: Policy) -> Ints:
    """Return the subjects with more cases in one month than the least number that makes a burst."""
    at = np.flatnonzero(is_case)
    if not len(at):
        return at
    when = population.cell_when[at]
    first = int(when.min())
    width = int(when.max()) - first + 1
    counts = np.bincount(population.cell_subject[at] * width + when - first, weights=population.cell_value[at])
    return np.unique(np.flatnonzero(counts > policy.burst_minimum) // width)


class _Months:
    """Cases and orders of some subjects month by month."""

    def __init__(self, population: Population, is_case: Mask, subjects: Ints, last: int) -> None:
        row = np.full(population.size, -1, dtype=np.int64)
        row[subjects] = np.arange(len(subjects))
        mine = row[population.cell_subject] >= 0
        is_recent = (population.cell_when <= last) & (population.cell_when > last - _WINDOW)
        is_order = (population.cell_kind == CellKind.ORDERS) & is_recent
        self.first = int(population.cell_when[mine & (is_case | is_order)].min())
        shape = (len(subjects), last - self.first + 1)
        self.cases, self.genuine, self.orders = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        genuine = population.cell_second & GENUINE != 0
        for table, mask in ((self.cases, is_case), (self.genuine, is_case & genuine), (self.orders, is_order)):
            at = np.flatnonzero(mask & mine)
            where = row[population.cell_subject[at]], population.cell_when[at] - self.first
            np.add.at(table, where, population.cell_value[at])

    def bursts(self, policy: Policy) -> tuple[Mask, dict[int, tuple[Burst, ...]]]:
        """Return which months are under review, and each of them by row."""
        cases, genuine = self.cases, self.genuine
        history, held = np.zeros_like(cases), np.zeros(cases.shape, dtype=bool)
        thresholds = np.zeros_like(cases)
        known_since = np.argmax((cases > 0) | (self.orders > 0), axis=1)
        for m in range(cases.shape[1]):
            months = np.clip(m - known_since, 1, policy.burst_months)
            before = history[:, max(0, m - policy.burst_months) : m].sum(axis=1)
            own_milli = before * 1000 // months + self.orders[:, m] * policy.peer_per_million // 1000
            threshold = np.maximum(own_milli * policy.burst_factor // 1_000_000, policy.burst_minimum)
            over = cases[:, m] > threshold
            held[:, m] = over & (cases[:, m] > genuine[:, m])
            thresholds[:, m] = threshold
            history[:, m] = np.where(over, np.maximum(genuine[:, m], threshold), cases[:, m])
        found: dict[int, tuple[Burst, ...]] = {}
        for i, m in np.argwhere(held).tolist():
            total, unjudged = int(cases[i, m]), int(cases[i, m] - genuine[i, m])
            burst = Burst(self.first + m, unjudged, total, int(thresholds[i, m]))
            found[i] = (*found.get(i, ()), burst)
        return held, found
