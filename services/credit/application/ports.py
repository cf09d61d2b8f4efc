"""What credit's use cases need of the world."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from services.common.kernel.grade import Grade
from services.credit.application.told import Told, Undecodable, Verdict
from services.credit.domain.carrying import origin_of
from services.credit.domain.crowd import Crowd
from services.credit.domain.facts import Assertion, Fact
from services.credit.domain.policy import Policy
from services.credit.domain.rating import Rating
from services.credit.domain.subject import Case, SubjectState


@dataclass(slots=True, eq=False)
class Subject:
    """A locked subject: its state, its ledger sequence, the grade that was published last, and its cases under review.

    `policy_version` was in force when it was rated; `is_held` says that that one's fuse held its downgrade back.
    """

    subject_id: int
    code: str
    known: bool
    seq: int
    state: SubjectState
    grade: Grade
    is_registration_changed: bool = False
    under_review: int = 0
    policy_version: str = ""
    is_held: bool = False
    #: The row that the state of this enterprise counts for, as it is stored; None: itself.
    root_id: int | None = None
    #: Where it is merged into, and who is merged into it, as the registrations say.
    root: "Subject | None" = None
    members: "tuple[Subject, ...]" = ()
    #: The codes of those that were split off from it, as their registrations say.
    heirs: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """Return the code of the enterprise that it was split off from; empty for none."""
        return origin_of(self.state.registration)

    @property
    def family(self) -> "tuple[Subject, ...]":
        """Return all whose facts count together: the one that goes on first."""
        head = self.root or self
        return (head, *head.members)

    @property
    def relatives(self) -> "tuple[Subject, ...]":
        """Return the others of the family; hardly anybody has any."""
        return tuple(one for one in self.family if one is not self) if self.root or self.members else ()


@dataclass(frozen=True, slots=True)
class Publication:
    """A new revision of a subject's record, why, and the policy by which it is rated."""

    subject: Subject
    rating: Rating
    from_grade: Grade
    moved_by: tuple[str, ...]
    policy: Policy


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

    def keep_details(self, told: Sequence[Told]) -> None:
        """Put what was sealed of complainants into the vault, under the key of its case; of an erased case nothing."""
        ...

    def wait(self, told: Sequence[Told], at: datetime) -> Sequence[Told]:
        """Keep events that came without a code until a person decides; return what counts now, each with its code."""
        ...

    def retract(self, told: Sequence[Told], at: datetime) -> None:
        """End the accounts of events: they are no longer told, and only the past knows them."""
        ...

    def remove(self, fact_ids: Sequence[str]) -> None:
        """Forget where facts stood that have no account any more."""
        ...

    def marked(self, told: Sequence[Told], at: datetime) -> list[Told]:
        """Return the accounts by which a mark reaches cases of marked complainants, if they never came; note them in the inbox.

        While the transaction lasts no complainant is marked, so that no case comes between a mark and its reach.
        """
        ...

    def assertions(self, fact_ids: Sequence[str]) -> Sequence[Assertion]:
        """Lock facts and return all that was told of them."""
        ...

    def subjects(self, codes: Sequence[str]) -> Sequence[Subject]:
        """Make the subjects of codes that have none, lock them with their families, and return all.

        Locks are taken in ascending order; links are read again once the rows are locked.
        """
        ...

    def link(self, subjects: Sequence[Subject]) -> None:
        """Write to which root subjects count."""
        ...

    def shared(self, family: Sequence[int]) -> dict[int, int]:
        """Return what complainants of several of some subjects move in the sum of their cells (family.shared)."""
        ...

    def save_heirs(self, subjects: Sequence[Subject]) -> None:
        """Write who was split off from subjects."""
        ...

    def note_carried(self, due: Iterable[tuple[str, str]]) -> None:
        """Note by heir which fact it may carry otherwise now, or, with an empty fact id, that all may be otherwise."""
        ...

    def save_shared(self, subjects: Sequence[Subject]) -> None:
        """Write what complainants of a family move."""
        ...

    def add(self, told: Sequence[Told], at: datetime) -> None:
        """Append assertions."""
        ...

    def crowds(self, looked: Mapping[tuple[int, str], int]) -> Mapping[tuple[int, str], Crowd]:
        """Return the weighing cases by (subject, complainant), as they are placed; at most so many more than are enough.

        The number beside each is how many of its cases are about to change. No more than those and crowd.ENOUGH are read.
        """
        ...

    def note_frauds(self, frauds: Sequence[tuple[str, str, bool]]) -> None:
        """Note cases, by fact id and complainant, that ended for fraud (true) or no longer do; they are spread afterwards."""
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

    def unturned(self, version: str, after: int, limit: int) -> Sequence[Subject]:
        """Lock registered subjects with an id after one that were rated before a policy came into force, in order of ids."""
        ...

    def held(self, limit: int) -> Sequence[Subject]:
        """Lock subjects whose downgrade a fuse held back, and return them."""
        ...
