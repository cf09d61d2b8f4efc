"""How far a score tells what comes: AUC with its interval, the paired comparison with a naive sum, calibration by grade."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from services.common.errors import FieldViolation, InvalidInput
from services.common.kernel.grade import CLASSES, Grade

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
#: After so many days a fact weighs half in the naive sum.
NAIVE_HALF_LIFE_DAYS = 365
RESAMPLES = 2000
SEED = 20260101
#: So many standard deviations to either side hold 95 % of a normal distribution.
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its bounds at 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class GradeOutcome:
    """Subjects of a grade, or of a class of grades: how many, and how many had the outcome."""

    name: str
    subjects: int
    positive: int

    @property
    def share(self) -> Interval:
        """Return the share that had the outcome, between Wilson's bounds (JASA 1927), which hold for few subjects too."""
        n, share = self.subjects, self.positive / self.subjects
        widened = 1 + _Z**2 / n
        centre = (share + _Z**2 / (2 * n)) / widened
        half = _Z * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / widened
        return Interval(share, centre - half, centre + half)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The discrimination of a risk, of the naive sum, and of the first over the second, with bootstrapped bounds."""

    auc: Interval
    naive_auc: Interval
    difference: Interval


def auc(risk: Floats, positive: Bools) -> float:
    """Return the chance that a positive has a greater risk than a negative; ties count half.

    Raises InvalidInput when there are no positives or no negatives.
    """
    found = float(_auc(np.unique(risk, return_inverse=True)[1], positive, np.ones(len(risk))))
    if np.isnan(found):
        description = "needs subjects with the outcome and subjects without it: check the mapping's label"
        raise InvalidInput(
            f"outcomes: {description}", violations=(FieldViolation(field="outcomes", description=description),)
        )
    return found


def compare(risk: Floats, naive: Floats, positive: Bools) -> Comparison:
    """Return both AUCs and their difference, with intervals from resampling subjects, the same ones for both."""
    values = auc(risk, positive), auc(naive, positive)
    ranks = [np.unique(each, return_inverse=True)[1] for each in (risk, naive)]
    rng = np.random.default_rng(SEED)
    sampled = np.empty((RESAMPLES, 2))
    for row in sampled:
        weights = np.bincount(rng.integers(0, len(positive), len(positive)), minlength=len(positive)).astype(float)
        row[:] = [_auc(rank, positive, weights) for rank in ranks]
    sampled = sampled[~np.isnan(sampled).any(axis=1)]
    return Comparison(
        _interval(values[0], sampled[:, 0]),
        _interval(values[1], sampled[:, 1]),
        _interval(values[0] - values[1], sampled[:, 0] - sampled[:, 1]),
    )


def by_grade(grades: Sequence[Grade], positive: Bools) -> list[GradeOutcome]:
    """Return how often the outcome came in each grade that occurs, the best grade first and NR last."""
    return _counted({grade.name: {grade} for grade in sorted(Grade, reverse=True)}, grades, positive)


def by_class(grades: Sequence[Grade], positive: Bools) -> list[GradeOutcome]:
    """Return how often the outcome came in each class of grades that occurs, the best first; the unrated are in none."""
    return _counted(CLASSES, grades, positive)


def _counted(groups: Mapping[str, Collection[Grade]], grades: Sequence[Grade], positive: Bools) -> list[GradeOutcome]:
    marks = np.array([int(grade) for grade in grades])
    inside = {name: np.isin(marks, [int(grade) for grade in group]) for name, group in groups.items()}
    return [GradeOutcome(n, int(i.sum()), int(positive[i].sum())) for n, i in inside.items() if i.any()]


def decayed(age_days: int) -> float:
    """Return what a fact of that age adds to the naive sum."""
    return float(0.5 ** (age_days / NAIVE_HALF_LIFE_DAYS))


def _auc(rank: npt.NDArray[np.int64], positive: Bools, weights: Floats) -> float:
    """Return the AUC of ranked risks where each subject counts `weights` times; NaN when one side is empty."""
    ups = np.bincount(rank, weights * positive)
    downs = np.bincount(rank, weights * ~positive)
    pairs = ups.sum() * downs.sum()
    won = (ups * (np.cumsum(downs) - downs / 2)).sum()
    return float(won / pairs) if pairs else float("nan")


def _interval(value: float, sampled: Floats) -> Interval:
    low, high = np.quantile(sampled, [0.025, 0.975]).tolist()
    return Interval(value, low, high)
