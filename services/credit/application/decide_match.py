"""A person decides whose an event without a code is, or takes the decision back: one transaction with what follows."""

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from services.common.auth.actor import Actor
from services.common.clock import Clock
from services.common.errors import FieldViolation, PersonalDataInClear, PreconditionFailed, invalid
from services.credit.application.apply_events import ApplyEvents
from services.credit.application.ports import Ledger
from services.credit.application.told import Told
from services.credit.domain.personal_data import found_in

MAX_REQUEST_ID = 64
MAX_REASON = 500


class Answer(NamedTuple):
    """Whose it is: a code, or nobody's when empty."""

    code: str


class Matter(NamedTuple):
    """A case or decision that came without a code, as it stands; `kind` is the kind of its fact."""

    unmatched_id: int
    kind: int
    reference: str
    name: str
    region_code: str
    shop: str
    first_at: datetime
    is_decided: bool
    code: str
    reason: str
    decided_by: str
    event_count: int


class Matches(Protocol):
    """The work list inside one transaction."""

    def lock(self, unmatched_id: int) -> Matter:
        """Lock a matter and return it; raises NotFound."""
        ...

    def events(self, matter: Matter, code: str) -> list[Told]:
        """Return a matter's events as if they had come with a code."""
        ...

    def is_registered(self, code: str) -> bool:
        """Tell whether a code is registered."""
        ...

    def judge(self, unmatched_id: int, told: Sequence[Told], code: str) -> None:
        """Correct the verdicts of events: accepted for a code, waiting for none."""
        ...

    def decide(self, unmatched_id: int, answer: Answer | None, reason: str, decided_by: str) -> None:
        """Write how a matter stands; None: undecided again."""
        ...

    def note(self, actor: Actor, request_id: str, digest: bytes, noted: tuple[Any, ...]) -> bool:
        """Keep a decision under its request id; False when the same came before. Raises RequestIdReused."""
        ...


class Desk(Protocol):
    """Opens transactions on the work list and the ledger together."""

    def transaction(self) -> AbstractContextManager[tuple[Matches, Ledger]]:
        """Return a transaction: it commits when the block ends well, else nothing is written."""
        ...


class DecideMatch:
    """The use case behind DecideMatch and UndoMatch."""

    def __init__(self, desk: Desk, apply: ApplyEvents, clock: Clock) -> None:
        self._desk = desk
        self._apply = apply
        self._clock = clock

    def decide(self, actor: Actor, request_id: str, unmatched_id: int, answer: Answer, reason: str) -> Matter:
        """Decide and let the events count; returns the matter as it stands.

        Raises InvalidInput, NotFound, RequestIdReused, and PreconditionFailed when it is decided otherwise or the code is not
        registered.
        """
        _check(request_id, reason)
        at = self._clock.now()
        with self._desk.transaction() as (matches, ledger):
            matter = matches.lock(unmatched_id)
            noted = (unmatched_id, answer.code, False, reason, at)
            if not matches.note(actor, request_id, _digest(noted), noted):
                return matter
            if matter.is_decided:
                return _same(matter, answer)
            if answer.code:
                self._count(matches, ledger, matter, answer.code)
            matches.decide(unmatched_id, answer, reason, actor.subject)
            return matches.lock(unmatched_id)

    def undo(self, actor: Actor, request_id: str, unmatched_id: int, reason: str) -> Matter:
        """Take the decision back; returns the matter as it stands. Raises as `decide` does."""
        _check(request_id, reason)
        at = self._clock.now()
        with self._desk.transaction() as (matches, ledger):
            matter = matches.lock(unmatched_id)
            noted = (unmatched_id, "", True, reason, at)
            if not matches.note(actor, request_id, _digest(noted), noted):
                return matter
            if not matter.is_decided:
                raise PreconditionFailed("nothing is decided yet: there is nothing to take back")
            if matter.code:
                told = matches.events(matter, matter.code)
                matches.judge(unmatched_id, told, "")
                self._apply.retract(ledger, told, at)
            matches.decide(unmatched_id, None, reason, actor.subject)
            return matches.lock(unmatched_id)

    def _count(self, matches: Matches, ledger: Ledger, matter: Matter, code: str) -> None:
        if not matches.is_registered(code):
            raise PreconditionFailed(
                f"{code} is not registered: register it first, or decide for another", metadata={"credit_code": code}
            )
        told = matches.events(matter, code)
        matches.judge(matter.unmatched_id, told, code)
        self._apply.apply(ledger, told, self._clock.now())


def _same(matter: Matter, answer: Answer) -> Matter:
    if matter.code != answer.code:
        raise PreconditionFailed(
            f"it is decided already, for {matter.code or 'nobody'}, by {matter.decided_by}: take that back first",
            metadata={"decided_code": matter.code},
        )
    return matter


def _check(request_id: str, reason: str) -> None:
    if not 1 <= len(request_id) <= MAX_REQUEST_ID:
        raise invalid("request_id", f"give 1 to {MAX_REQUEST_ID} characters, for example a UUID")
    if not 1 <= len(reason.strip()) <= MAX_REASON:
        raise invalid("reason", f"say in 1 to {MAX_REASON} characters why: it is kept")
    if found := found_in(reason):
        violation = FieldViolation(field="reason", description=f"it holds {found}: name no person")
        raise PersonalDataInClear(f"reason: {violation.description}", violations=(violation,))


def _digest(noted: tuple[Any, ...]) -> bytes:
    """Return the digest of a request's content: all but its moment."""
    return hashlib.sha256(repr(noted[:-1]).encode()).digest()
