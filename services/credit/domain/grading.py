"""Grades over columns: rating.grade_of for a whole population."""

from datetime import date

import numpy as np

from services.common.kernel.grade import Grade
from services.credit.domain import scorer
from services.credit.domain.policy import Policy
from services.credit.domain.population import Ints, Population
from services.credit.domain.rating import month_end_before
from services.credit.domain.scorer import Scores


def rate_all(population: Population, day: date, policy: Policy) -> tuple[Scores, Ints]:
    """Return the scores and the grades of everybody on a day; NR for who cannot be rated."""
    now = scorer.score(population, day, policy)
    before = scorer.score(population, month_end_before(day), policy, now.bursts)
    return now, grades(now, before, policy)


def grades(now: Scores, before: Scores, policy: Policy) -> Ints:
    """Return the grades: the band of the score, or last month-end's neighbouring band while near their border."""
    floors = np.array([0, 0, *(floor for _, floor in reversed(policy.floors))], dtype=np.int64)
    band, kept = _bands(now.score, policy), _bands(before.score, policy)
    is_near = np.abs(now.score - floors[np.maximum(band, kept)]) < policy.hysteresis
    stays = before.rated & (np.abs(band - kept) == 1) & is_near
    return np.where(now.rated, np.where(stays, kept, band), int(Grade.NR))


def _bands(score: Ints, policy: Policy) -> Ints:
    ascending = np.array([floor for _, floor in reversed(policy.floors)], dtype=np.int64)
    return np.searchsorted(ascending, score, side="right") + int(Grade.D)
