"""What a case is made of: steps, the merchant's answer, accounts of both, and the case that follows from them."""

from datetime import date, datetime
from typing import NamedTuple

from services.credit.domain.cases.answers import Answer
from services.credit.domain.cases.states import CaseKind, State


class Step(NamedTuple):
    """One step of a case: the state that it leads to, its day, and what the state needs to be told with it.

    `reason` is a code of the regime's closed list (REFUSED, TERMINATED, SUSPENDED, NOT_FILED), or PAPER or AT_ONCE for
    AGREED; `target` the office that a case is referred to, or the case that it is merged into.
    """

    state: State
    day: date
    office: str = ""
    reason: str = ""
    target: str = ""


class Account(NamedTuple):
    """One account of a case: a step, an answer, an approved extension of the check, or several of them."""

    authority: int
    source_time: datetime
    event_id: str
    step: Step | None = None
    answer: Answer | None = None
    extended_on: date | None = None


class WorkItem(NamedTuple):
    """An account that no lawful history can hold, for a person to look at: which one, and why."""

    event_id: str
    why: str


class Case(NamedTuple):
    """A case as it stands: its lawful steps in order, the answer that counts, and what a person must look at."""

    kind: CaseKind
    received_on: date
    steps: tuple[Step, ...] = ()
    answer: Answer | None = None
    extended_on: date | None = None
    work: tuple[WorkItem, ...] = ()

    @property
    def state(self) -> State:
        """Return where the case stands; received while nothing else is told."""
        return self.steps[-1].state if self.steps else State.RECEIVED

    @property
    def since(self) -> date:
        """Return the day of the last step."""
        return self.steps[-1].day if self.steps else self.received_on

    @property
    def office(self) -> str:
        """Return the office that handles the case: the one it was referred to last, else the one that acted last."""
        for step in reversed(self.steps):
            if step.state is State.REFERRED or step.office:
                return step.target if step.state is State.REFERRED else step.office
        return ""

    def last(self, *states: State) -> Step | None:
        """Return the last step into one of some states."""
        for step in reversed(self.steps):
            if step.state in states:
                return step
        return None
