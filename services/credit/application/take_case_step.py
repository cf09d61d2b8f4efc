"""Takes a step of a complaint case now: strict against the case as it stands, then told as every other event is.

There is one way into the ledger. The step is checked while no other step of the case is under way, handed in, and answered
when the worker has applied it, so that the next step finds it.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import NamedTuple, Protocol

from services.common.auth.actor import Actor, Role
from services.common.clock import Clock, china_day
from services.common.errors import (
    DependencyUnavailable,
    Forbidden,
    NotFound,
    PreconditionFailed,
    invalid,
)
from services.common.eventlog.topics import COMPLAINT
from services.common.kernel import credit_code
from services.common.kernel.day import parse_optional_day
from services.credit.application.submit import Submit, source_of
from services.credit.application.told import Receipt, Verdict
from services.credit.domain.cases import answers, clocks, life
from services.credit.domain.cases.answers import Answer
from services.credit.domain.cases.case import Case, Step
from services.credit.domain.cases.states import ANSWERABLE, AS_LEAD, CaseKind, State
from services.credit.domain.facts import Complaint

APPLIED_SECONDS = 20.0
LOOK_SECONDS = 0.02


class Known(Protocol):
    """A case that is on file."""

    @property
    def complaint_id(self) -> str:
        """Return its fact id."""
        ...

    @property
    def source(self) -> str:
        """Return the source whose case it is."""
        ...

    @property
    def body(self) -> Complaint:
        """Return what was told of it last."""
        ...

    @property
    def case(self) -> Case:
        """Return its life."""
        ...


class Cases(Protocol):
    """The cases on file."""

    def get(self, complaint_id: str) -> Known:
        """Return a case; raises NotFound."""
        ...


#: Writes the event that tells of a step (or of an answer, or of an extension).
Tell = Callable[[Known, Step | None, Answer | None, date | None], bytes]
#: Holds a case against other steps; raises VersionConflict while another one is under way.
Hold = Callable[[str], AbstractContextManager[None]]


class _Moved(NamedTuple):
    """A case as it is told of under another merchant."""

    complaint_id: str
    source: str
    body: Complaint
    case: Case


class TakeCaseStep:
    """The use case behind the steps of ComplaintService; each returns the case as it stands afterwards."""

    def __init__(
        self, cases: Cases, hold: Hold, tell: Tell, submit: Submit, receipt: Callable[[str, str], Receipt], clock: Clock
    ) -> None:
        self._cases = cases
        self._hold = hold
        self._tell = tell
        self._submit = submit
        self._receipt = receipt
        self._clock = clock

    def step(self, actor: Actor, request_id: str, complaint_id: str, on: str, step: Step) -> Known:
        """Take a step; raises NotFound, Forbidden, PreconditionFailed, InvalidInput, VersionConflict, RequestIdReused."""
        with self._hold(complaint_id):
            known = self._cases.get(complaint_id)
            wanted = AS_LEAD.get(step.state, step.state) if known.case.kind is CaseKind.LEAD else step.state
            taken = step._replace(state=wanted, day=self._day(on), office=actor.office)

            def check() -> None:
                _check_office(actor, known.case)
                if taken.state is State.MERGED and taken.target:
                    _check_repeat(known, self._cases.get(taken.target))
                life.apply(known.case, taken)

            return self._take(actor, request_id, known, self._tell(known, taken, None, None), check)

    def answer(self, actor: Actor, request_id: str, complaint_id: str, on: str, answer: Answer) -> Known:
        """Take the merchant's answer; raises as `step`, and PreconditionFailed after the deadline."""
        with self._hold(complaint_id):
            known = self._cases.get(complaint_id)
            if actor.subject != known.body.code:
                raise Forbidden("a merchant answers its own cases only", metadata={"credit_code": known.body.code})
            given = answer._replace(day=self._day(on))

            def check() -> None:
                answers.check(given, known.body.code)
                _check_answerable(known.case, given.day)

            return self._take(actor, request_id, known, self._tell(known, None, given, None), check)

    def transfer(self, actor: Actor, request_id: str, complaint_id: str, right_code: str) -> Known:
        """Move a case to the merchant whose shop it is, where it stands as before; raises as `step`."""
        code = credit_code.parse(right_code, field="right_credit_code")
        with self._hold(complaint_id):
            known = self._cases.get(complaint_id)
            case = known.case
            last = case.steps[-1] if case.steps else Step(case.state, case.received_on, actor.office)

            def check() -> None:
                _check_office(actor, case)
                _check_another(code, known.body.code)

            moved = _Moved(known.complaint_id, known.source, known.body._replace(code=code), case)
            return self._take(actor, request_id, known, self._tell(moved, last, None, None), check)

    def extend(self, actor: Actor, request_id: str, complaint_id: str, on: str) -> Known:
        """Note an approved extension of a lead's check; raises as `step`."""
        with self._hold(complaint_id):
            known = self._cases.get(complaint_id)

            def check() -> None:
                _check_office(actor, known.case)
                _check_extensible(known.case)

            return self._take(actor, request_id, known, self._tell(known, None, None, self._day(on)), check)

    def _take(self, actor: Actor, request_id: str, known: Known, value: bytes, check: Callable[[], None]) -> Known:
        """Check, hand the event in, and wait until it is applied; a repeated request is not checked again."""
        if self._verdict(actor, request_id) is None:
            check()
        self._submit.execute(actor, request_id, COMPLAINT, value)
        deadline = time.monotonic() + APPLIED_SECONDS
        while self._verdict(actor, request_id) in (None, Verdict.PENDING):
            if time.monotonic() > deadline:
                raise DependencyUnavailable("the step is handed in and not yet applied: repeat this very request later")
            time.sleep(LOOK_SECONDS)  # the worker is another process: its verdict is asked for
        return self._cases.get(known.complaint_id)

    def _day(self, on: str) -> date:
        today = china_day(self._clock.now())
        day = parse_optional_day(on, "step.on") or today
        if day > today:
            raise invalid("step.on", f"give a day up to today, {today}")
        return day

    def _verdict(self, actor: Actor, request_id: str) -> Verdict | None:
        try:
            return self._receipt(source_of(actor), request_id).verdict
        except NotFound:
            return None


def _check_office(actor: Actor, case: Case) -> None:
    """Only the office that has the case acts on it; a regulator may step in."""
    if case.office and case.office != actor.office and not actor.has(Role.REGULATOR):
        raise Forbidden(
            f"the case is with {case.office}: that office acts on it, or refers it",
            metadata={"field": "step.complaint_id", "handling_office": case.office},
        )


def _check_another(code: str, present: str) -> None:
    if code == present:
        raise invalid("right_credit_code", "the case is this merchant's already: give the code of the shop's operator")


def _check_repeat(known: Known, other: Known) -> None:
    """A repeat becomes part of another case of the same kind and merchant, which itself became part of none."""
    if other.complaint_id == known.complaint_id:
        raise invalid("into_complaint_id", "a case is no part of itself: name the case that it repeats")
    if (other.body.code, other.case.kind) != (known.body.code, known.case.kind):
        raise invalid("into_complaint_id", "it is of another merchant or kind: name the case that this one repeats")
    merged = other.case.last(State.MERGED)
    if merged is not None:
        raise invalid("into_complaint_id", f"it became part of another case: name {merged.target}")


def _check_answerable(case: Case, day: date) -> None:
    if case.state not in ANSWERABLE:
        raise PreconditionFailed(
            f"the case is {case.state.name}: it is answered while it is open",
            metadata={"field": "step.complaint_id", "state": case.state.name},
        )
    due = clocks.answer_due(case)
    if due is not None and day > due.day:
        raise PreconditionFailed(
            f"the answer was due on {due.day}: hand it to the office that mediates",
            metadata={"field": "step.on", "due_on": str(due.day)},
        )


def _check_extensible(case: Case) -> None:
    if case.kind is not CaseKind.LEAD or case.state is not State.CHECKING:
        raise PreconditionFailed(
            f"only the check of a lead is extended: this case is {case.state.name}", metadata={"field": "step"}
        )
    if case.extended_on is not None:
        raise PreconditionFailed(
            f"the check was extended on {case.extended_on}: once is all there is", metadata={"field": "step"}
        )
