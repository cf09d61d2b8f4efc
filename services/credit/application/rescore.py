"""Scores everybody by a policy beside the one in force: a shadow's scores are written and published to nobody."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from services.credit.application.backtest import Chunk
from services.credit.domain.grading import rate_all
from services.credit.domain.policy import Policy
from services.credit.domain.population import Ints
from services.credit.domain.scorer import Scores


class ShadowStore(Protocol):
    """Where the scores of a shadow go."""

    def write(self, policy: Policy, day: date, subjects: list[int], scores: Scores, grades: Ints) -> None:
        """Write scores, grades and amounts by rule; nothing for who cannot be rated but the grade NR."""
        ...


def rescore(population: Iterable[tuple[list[int], Chunk]], store: ShadowStore, policy: Policy, day: date) -> int:
    """Score all subjects on a day; return how many."""
    total = 0
    for subjects, chunk in population:
        scores, grades = rate_all(chunk.population, day, policy)
        store.write(policy, day, subjects, scores, grades)
        total += len(subjects)
    return total
