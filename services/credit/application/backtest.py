"""Runs a draft over the whole population beside the policy in force: who would move, from where to where, and why."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from heapq import nlargest
from typing import NamedTuple

import numpy as np

from services.common.kernel.grade import Grade
from services.credit.domain.grading import rate_all
from services.credit.domain.policy import Policy
from services.credit.domain.population import Ints, Population
from services.credit.domain.scorer import RULES, Scores

MOVERS = 20
#: Sizes by orders that still count, as (name, from so many orders on).
SIZES = ((100_000, "100000+"), (10_000, "10000+"), (1000, "1000+"), (1, "1+"), (0, "none"))


class Chunk(NamedTuple):
    """Some subjects: their codes, columns, and what they are grouped by."""

    codes: list[str]
    population: Population
    regions: list[str]
    kinds: list[str]


class Mover(NamedTuple):
    """One subject that moves: points before and after, in millipoints, and how much each rule moved."""

    change: int
    code: str
    from_grade: Grade
    to_grade: Grade
    by_rule: dict[str, int]


@dataclass(slots=True)
class Backtest:
    """What a draft would change on a day; counts by (from, to) grade, and of moved grades by group."""

    day: date
    position: int
    active: tuple[str, str]
    draft: tuple[str, str]
    matrix: Counter[tuple[Grade, Grade]] = field(default_factory=Counter)
    up: Counter[tuple[str, str]] = field(default_factory=Counter)
    down: Counter[tuple[str, str]] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    movers: list[Mover] = field(default_factory=list)

    @property
    def subjects(self) -> int:
        """Return how many registered subjects there are."""
        return sum(self.matrix.values())

    @property
    def moved(self) -> int:
        """Return how many change their grade."""
        return sum(count for (old, new), count in self.matrix.items() if old != new)


#: Takes the scores and grades of a chunk by both policies.
Keep = Callable[[tuple[Scores, Ints], tuple[Scores, Ints]], None]


def backtest(
    population: Iterable[Chunk], active: Policy, draft: Policy, day: date, position: int, keep: Keep | None = None
) -> Backtest:
    """Rate everybody by both policies; `position` names how far the ledger had been read."""
    found = Backtest(day, position, (active.version, active.digest), (draft.version, draft.digest))
    for chunk in population:
        old, new = rate_all(chunk.population, day, active), rate_all(chunk.population, day, draft)
        _add(found, chunk, old, new)
        if keep is not None:
            keep(old, new)
    return found


def _add(found: Backtest, chunk: Chunk, by_active: tuple[Scores, Ints], by_draft: tuple[Scores, Ints]) -> None:
    (old_scores, old), (new_scores, new) = by_active, by_draft
    known = chunk.population.known
    pairs, counts = np.unique(np.stack([old[known], new[known]]), axis=1, return_counts=True)
    for (before, after), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
        found.matrix[Grade(before), Grade(after)] += count
    _group(found, chunk, old, new, old_scores.orders)
    both = known & old_scores.rated & new_scores.rated
    change = np.where(both, new_scores.lines - old_scores.lines, 0)
    found.rules.update(dict(zip(RULES, np.count_nonzero(change, axis=1).tolist(), strict=True)))
    _movers(found, chunk, old, new, change)


def _group(found: Backtest, chunk: Chunk, old: Ints, new: Ints, orders: Ints) -> None:
    """Count moved grades by region, kind and size; to or from NR is neither up nor down."""
    moved = np.flatnonzero((old != new) & (old > 0) & (new > 0) & chunk.population.known)
    for i in moved.tolist():
        side = found.up if new[i] > old[i] else found.down
        size = next(name for floor, name in SIZES if orders[i] >= floor)
        side.update((("region", chunk.regions[i]), ("kind", chunk.kinds[i]), ("size", size)))


def _movers(found: Backtest, chunk: Chunk, old: Ints, new: Ints, change: Ints) -> None:
    """Keep those whose points move most."""
    total = change.sum(axis=0)
    most = np.argsort(-np.abs(total), kind="stable")[:MOVERS]
    here = [
        Mover(int(total[i]), chunk.codes[i], Grade(int(old[i])), Grade(int(new[i])), _by_rule(change[:, i]))
        for i in most.tolist()
        if total[i]
    ]
    found.movers = nlargest(MOVERS, [*found.movers, *here], key=lambda mover: (abs(mover.change), mover.code))


def _by_rule(change: Ints) -> dict[str, int]:
    return {rule: amount for rule, amount in zip(RULES, change.tolist(), strict=True) if amount}
