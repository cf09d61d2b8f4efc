"""Rebuilds the cells of all subjects from the ledger, as a new distinction in the cells demands."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from services.credit.domain import cells
from services.credit.domain.facts import Assertion
from services.credit.domain.folding import fold

Told = tuple[int, Assertion]


def rebuild_cells(told: Iterable[Told]) -> Iterator[tuple[int, bytes]]:
    """Yield each subject's cells; the accounts come ordered by subject, then fact, all of a fact together."""
    for subject_id, accounts in groupby(told, key=itemgetter(0)):
        facts = (fold([assertion for _, assertion in of_fact]) for _, of_fact in groupby(accounts, key=_fact_id))
        yield subject_id, cells.pack(cells.sum_of(filter(None, facts)))


def _fact_id(told: Told) -> str:
    return told[1].fact_id
