"""Marks the complainant of a case as a fact: it reaches every case of theirs, at every merchant, also those yet to come."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from services.common.auth.actor import Actor
from services.common.clock import Clock
from services.common.errors import NotFound, PreconditionFailed, invalid
from services.credit.application.review_burst import check_reason, require_regulator
from services.credit.domain.facts import Complaint
from services.credit.domain.judging import Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """How the complainant of a case is marked, by whom and why."""

    review_id: str
    fact_id: str
    mark: Mark
    reason: str
    marked_by: str
    office: str
    marked_at: datetime


class Reached(NamedTuple):
    """How many cases of how many merchants a mark reaches at once."""

    cases: int
    merchants: int


class Marks(Protocol):
    """What marks need, inside one transaction."""

    def case(self, fact_id: str) -> Complaint | None:
        """Return a case on file."""
        ...

    def mark(self, complainant: str, marking: Marking) -> Reached:
        """Keep a mark and hand in its account of each case; raises RequestIdReused for another one with its id."""
        ...


class MarkComplainant:
    """The use case behind MarkComplainant, in the caller's transaction."""

    def __init__(self, store: Marks, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def execute(self, actor: Actor, make: Callable[[datetime], Marking]) -> Reached:
        """Mark; raises Forbidden, InvalidInput, NotFound, PreconditionFailed, RequestIdReused."""
        require_regulator(actor)
        marking = make(self._clock.now())
        if marking.mark is Mark.NONE:
            raise invalid("mark", "give REPEAT, FRAUD or LIFTED")
        check_reason(marking.reason)
        case = self._store.case(marking.fact_id)
        if case is None:
            raise NotFound(
                f"there is no complaint {marking.fact_id[:200]!r}",
                metadata={"resource_type": "Complaint", "resource_name": marking.fact_id[:300]},
            )
        if not case.complainant:
            raise PreconditionFailed("the case names no complainant: its source gave no pseudonym")
        return self._store.mark(case.complainant, marking)
