"""What credit's use cases need of the world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from services.common.kernel.grade import Grade
from services.credit.application.told import Told, Undecodable, Verdict
from services.credit.domain.facts import Assertion, Fact
from services.credit.domain.rating import Rating
from services.credit.domain.subject import Case, SubjectState


@dataclass(slots=True)
class Subject:
    """A locked subject: its state, its ledger sequence, and the grade that was published last."""

    subject_id: int
    code: str
    known: bool
    seq: int
    state: SubjectState
    grade: Grade
    is_registration_changed: bool = False


@dataclass(frozen=True, slots=True)
class Publication:
    """A new revision of a subject's record, and why."""

    subject: Subject
    rating: Rating
    from_grade: Grade
    moved_by: tuple[str, ...]


class Ledger(Protocol):
    """The ledger inside one transaction; locks are taken in the order inbox, facts, subjects, each sorted."""

    def take(
        self, told: Sequence[Told], undecodable: Sequence[Undecodable], at: datetime
    ) -> Mapping[tuple[str, str], bytes]:
        """Note events in the inbox; return those that came before under another or the same digest, with that digest.

        A dead-lettered event may come again: it is taken as new.
        """
        ...

    def judge(self, verdicts: Sequence[tuple[Told, Verdict]]) -> None:
        """Correct the verdict of events just taken that are not plainly accepted."""
        ...

    def assertions(self, fact_ids: Sequence[str]) -> Sequence[Assertion]:
        """Lock facts and return all that was told of them."""
        ...

    def subjects(self, codes: Sequence[str]) -> Sequence[Subject]:
        """Make the subjects of codes that have none, lock all in ascending order, and return them."""
        ...

    def add(self, told: Sequence[Told], at: datetime) -> None:
        """Append assertions, and put what was sealed into the vault."""
        ...

    def place(self, facts: Sequence[tuple[Fact, int]], at: datetime) -> None:
        """Note where facts stand now, the effective value and the subject whose it is; announce which cases changed."""
        ...

    def newest_cases(self, subject_id: int) -> list[Case]:
        """Return the newest weighing cases of a subject."""
        ...

    def save(self, subjects: Sequence[Subject], good_until: Mapping[int, date | None]) -> None:
        """Write the states of subjects."""
        ...

    def publish(self, publications: Sequence[Publication], at: datetime) -> None:
        """Write records and revisions, and announce them and the changed grades, in this transaction."""
        ...

    def due(self, day: date, limit: int) -> Sequence[Subject]:
        """Lock subjects whose record is not good on a day, and return them; those locked by others are left out."""
        ...
