"""Writes anew from the ledger what does not follow from it: a state, where facts stand, a record; the accounts are never touched.

For what an older release derived otherwise, and for rows that were altered; `verify-scores` names whose they are.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.common.clock import Clock
from services.common.errors import VersionConflict
from services.credit.application.apply_events import by_fact, publish, touched
from services.credit.application.families import recount_shared
from services.credit.application.policies import Policies
from services.credit.application.ports import Ledger, Subject
from services.credit.application.verify_scores import refold
from services.credit.domain.facts import Fact
from services.credit.domain.family import link_of
from services.credit.domain.folding import fold
from services.credit.domain.subject import SubjectState


class Derived(Protocol):
    """What is kept of a subject beside its accounts, inside the ledger's transaction."""

    def facts(self, code: str) -> Sequence[str]:
        """Return the facts that stand with a subject, and those of which an account names it."""
        ...

    def clear(self, code: str) -> None:
        """Empty the state of a subject, which may be unreadable."""
        ...

    def last_revision(self, code: str) -> int:
        """Return the highest revision that was ever published of a subject; 0 when none was."""
        ...

    def heirs(self, code: str) -> tuple[str, ...]:
        """Return who was split off from a subject, as the registrations say."""
        ...

    def standing_otherwise(self, placed: Sequence[tuple[Fact, int]]) -> Sequence[tuple[Fact, int]]:
        """Return those of some facts that stand elsewhere than with the subject given, or with other values."""
        ...


class MendScores:
    """The use case behind `verify-scores --mend`."""

    def __init__(self, policies: Policies, clock: Clock) -> None:
        self._policies = policies
        self._clock = clock

    def execute(self, ledger: Ledger, derived: Derived, code: str) -> None:
        """Fold all accounts of a subject anew and publish a revision of it, and of who goes on for it.

        Raises VersionConflict when a worker moved one of its facts meanwhile: roll back, and do it again.
        """
        fact_ids = derived.facts(code)
        told = by_fact(ledger.assertions(fact_ids))
        facts = {fact_id: fold(told[fact_id]) for fact_id in fact_ids}
        mine = [one for fact_id, fact in facts.items() if fact and fact.body.code == code for one in told[fact_id]]
        state, _ = refold(code, mine)
        derived.clear(code)
        named = {code, link_of(state.registration), *(fact.body.code for fact in facts.values() if fact)} - {""}
        by_code = {subject.code: subject for subject in ledger.subjects(sorted(named))}
        if derived.facts(code) != fact_ids:
            raise VersionConflict(f"facts of {code} were moved meanwhile")
        _renew(by_code[code], state, max(len(mine), derived.last_revision(code)))
        by_code[code].heirs = derived.heirs(code)
        ledger.save_heirs([by_code[code]])
        self._place(ledger, derived, by_code, facts)
        self._publish(ledger, touched(ledger, by_code, {code: []}))

    def _place(
        self, ledger: Ledger, derived: Derived, by_code: Mapping[str, Subject], facts: Mapping[str, Fact | None]
    ) -> None:
        """Place the facts that stand otherwise than they must, and forget those without an account."""
        placed = [(fact, by_code[fact.body.code].subject_id) for fact in facts.values() if fact]
        ledger.place(derived.standing_otherwise(placed), self._clock.now())
        ledger.remove([fact_id for fact_id, fact in facts.items() if fact is None])

    def _publish(self, ledger: Ledger, moved: Mapping[int, tuple[Subject, tuple[str, ...]]]) -> None:
        """Publish who moved, once complainants of families are counted from where facts stand now."""
        subjects = [subject for subject, _ in moved.values()]
        recount_shared(ledger, subjects)
        ledger.save_shared(subjects)
        publish(ledger, self._policies, moved, self._clock.now())


def _renew(subject: Subject, state: SubjectState, revision: int) -> None:
    """Give a subject its state and a sequence above a revision, so that its record is a new one."""
    subject.state, subject.known, subject.is_registration_changed = state, state.registration is not None, True
    subject.seq = max(subject.seq, revision) + 1
