"""The legal clocks of a case: kept as start day, days and regime; the due day is derived each time it is asked for.

So a due day moves when the arrangement of a year is announced, or a period of the law is corrected, with no event.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from services.common.kernel.working_day import Due, Pause, add_calendar_days, add_working_days
from services.credit.domain.cases.case import Case
from services.credit.domain.cases.law import ClockKind, Unit
from services.credit.domain.cases.regimes import regime, regime_on
from services.credit.domain.cases.states import CaseKind, State

_UNDECIDED = (State.RECEIVED, State.REFERRED)
_MEDIATION = (State.ACCEPTED, State.MEDIATING, State.SUSPENDED)
_CHECK = (State.RECEIVED, State.REFERRED, State.CHECKING, State.SUSPENDED)


class Clock(NamedTuple):
    """A running clock: what it is for, from when, for how many days of the regime's unit, and who must act."""

    kind: ClockKind
    start: date
    days: int
    regime_id: str
    office: str
    due: date
    is_provisional: bool
    is_suspended: bool

    def is_overdue(self, day: date) -> bool:
        """Tell whether the period was over before a day; a suspended clock is not."""
        return not self.is_suspended and day > self.due


class Overdue(NamedTuple):
    """A case that an office has let lie: which one, and the clock that ran out."""

    case_id: str
    clock: Clock


def running(case: Case, day: date) -> tuple[Clock, ...]:
    """Return the clocks that run in a case on a day, suspended days left out; none for a case that is over."""
    return tuple(_clock(case, kind, start, day) for kind, start in _started(case))


def overdue(cases: Iterable[tuple[str, Case]], day: date) -> Mapping[str, tuple[Overdue, ...]]:
    """Group by handling office the clocks that have run out before a day, the oldest first."""
    found: dict[str, list[Overdue]] = defaultdict(list)
    for case_id, case in cases:
        for clock in running(case, day):
            if clock.is_overdue(day):
                found[clock.office].append(Overdue(case_id, clock))
    return {office: tuple(sorted(late, key=lambda o: (o.clock.due, o.case_id))) for office, late in found.items()}


def answer_due(case: Case) -> Due | None:
    """Return the merchant's deadline, also when it is past; None for a case that was never accepted."""
    accepted = _first(case, _MEDIATION)
    return _due(ClockKind.ANSWER, accepted, 0, regime_on(accepted).id, ()) if accepted else None


def _started(case: Case) -> Iterator[tuple[ClockKind, date]]:
    """Yield the clocks of the present state and the day from which each runs."""
    state = case.state
    if case.kind is CaseKind.LEAD:
        if state in _CHECK:
            yield ClockKind.CHECK, _handed_in(case)
        elif state in {State.FILED, State.NOT_FILED}:
            yield ClockKind.INFORM, case.since
    elif state in _UNDECIDED:
        yield ClockKind.DECIDE, _handed_in(case)
    elif state in _MEDIATION:
        start = _first(case, _MEDIATION) or case.since
        yield ClockKind.MEDIATE, start
        if case.answer is None:
            yield ClockKind.ANSWER, start
    elif state is State.TERMINATED:
        yield ClockKind.NOTIFY, case.since


def _handed_in(case: Case) -> date:
    """Return the day from which the handling office has the case: its receipt, or the last referral."""
    referred = case.last(State.REFERRED)
    return referred.day if referred else case.received_on


def _first(case: Case, states: tuple[State, ...]) -> date | None:
    return next((step.day for step in case.steps if step.state in states), None)


def _clock(case: Case, kind: ClockKind, start: date, day: date) -> Clock:
    law = regime_on(start)
    period = law.periods[kind]
    extension = period.extension if case.extended_on else 0
    is_suspended = case.state is State.SUSPENDED and kind is not ClockKind.ANSWER
    pauses = () if kind is ClockKind.ANSWER else tuple(_pauses(case, day))
    due = _due(kind, start, extension, law.id, pauses)
    days = period.days + extension
    return Clock(kind, start, days, law.id, case.office, due.day, due.is_provisional or is_suspended, is_suspended)


def _pauses(case: Case, day: date) -> Iterator[Pause]:
    """Yield the suspensions: from the day of each until the day the case goes on, an open one until after `day`."""
    for index, step in enumerate(case.steps):
        if step.state is State.SUSPENDED:
            later = case.steps[index + 1 : index + 2]
            resumed = later[0].day if later else max(day, step.day) + timedelta(days=1)
            yield Pause(step.day, resumed)


@lru_cache(maxsize=1 << 13)
def _due(kind: ClockKind, start: date, extension: int, regime_id: str, pauses: tuple[Pause, ...]) -> Due:
    """Return when a clock ends; the same few days are asked for again and again."""
    period = regime(regime_id).periods[kind]
    add = add_working_days if period.unit is Unit.WORKING_DAYS else add_calendar_days
    return add(start, period.days + extension, pauses)
