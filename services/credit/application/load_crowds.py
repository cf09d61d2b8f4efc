"""Loads the cases of the complainants whose cases are about to move: what a case weighs depends on how many there are."""

from collections import Counter
from collections.abc import Iterable, Mapping

from services.credit.application.families import settle, shared_by_root
from services.credit.application.ports import Ledger, Subject
from services.credit.domain.cells import cells_of
from services.credit.domain.facts import Complaint, Fact


def load_crowds(
    ledger: Ledger, by_code: Mapping[str, Subject], changes: Iterable[tuple[Fact | None, Fact | None]]
) -> dict[str, dict[int, int]]:
    """Give each family the other cases of the complainants whose weighing cases move, before any fact is placed anew.

    Returns what they move in each family till now.
    """
    settle(by_code)
    if looked := _whose_cases_move(by_code, changes):
        by_id = {subject.subject_id: subject for subject in by_code.values()}
        for (subject_id, complainant), crowd in ledger.crowds(looked).items():
            by_id[subject_id].state.crowds[complainant] = crowd
    return shared_by_root(by_code)


def _whose_cases_move(
    by_code: Mapping[str, Subject], changes: Iterable[tuple[Fact | None, Fact | None]]
) -> Counter[tuple[int, str]]:
    """Return how many weighing cases move by (subject, complainant), with none for the others of its family."""
    looked: Counter[tuple[int, str]] = Counter()
    for change in changes:
        for fact in change:
            if fact is not None and isinstance(fact.body, Complaint) and fact.body.complainant and cells_of(fact):
                owner = by_code[fact.body.code]
                looked[owner.subject_id, fact.body.complainant] += 1
                for relative in owner.relatives:
                    looked[relative.subject_id, fact.body.complainant] += 0
    return looked
