"""The way back to a better grade: the day on which it comes by itself, and what each lawful step brings, and when.

A promise holds for the facts that are known: with nothing new, the grade is reached on exactly that day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from services.common.kernel.day import add_months
from services.common.kernel.grade import Grade
from services.credit.domain.cells import ENDS, CellKind, key
from services.credit.domain.crowd import RESPONSE_MASK
from services.credit.domain.facts import ComplaintStatus
from services.credit.domain.listed import Entry
from services.credit.domain.policy import Policy
from services.credit.domain.policy_schema import RESPONSES
from services.credit.domain.publicity import PenaltyKind
from services.credit.domain.rating import Rating, rate
from services.credit.domain.subject import Sanction, SubjectState

#: NDRC Order 36 (2026-04-01): minor as soon as the duty is done, ordinary after 3 months, serious after a year.
_ORDER_36 = date(2026, 4, 1)
_MONTHS_ORDER_36 = {1: 0, 2: 3, 3: 12}
#: SAMR's repair rule of 2021, for decisions under Order 45: 6 months (food, drugs and special equipment 12; unconfirmed).
_MONTHS_2021 = 6
#: Order 45, art. on early ends: never for orders to stop, restrictions, and licences taken or lowered.
_NEVER_2021 = frozenset({PenaltyKind.LICENCE, PenaltyKind.RESTRICTION})


class StepKind(Enum):
    """What a merchant can lawfully do.

    To perform a penalty's duties moves no point by itself: it is what a repair needs besides its day (NDRC Order 36).
    """

    ANSWER = "ANSWER"
    SETTLE = "SETTLE"
    PERFORM = "PERFORM"
    REPAIR = "REPAIR"
    CURE = "CURE"


@dataclass(frozen=True, slots=True)
class Step:
    """One step alone: what it concerns, its earliest day, the rating from then on, and the day of the goal with it."""

    kind: StepKind
    fact_id: str
    cases: int
    on: date
    score: int | None
    grade: Grade
    goal_on: date | None


@dataclass(frozen=True, slots=True)
class WayBack:
    """The way to a goal: by itself (None when never), by each step alone, and with all steps at their earliest days."""

    goal: Grade
    score: int | None
    grade: Grade
    by_itself_on: date | None
    steps: tuple[Step, ...]
    with_all_on: date | None


@dataclass(frozen=True, slots=True)
class _Move:
    """A step before it is rated: what becomes of one sanction or listing, or of all open cases."""

    kind: StepKind
    on: date
    sanction: Sanction | None = None
    cases: int = 0
    listing: Entry | None = None

    @property
    def fact_id(self) -> str:
        repaired = self.sanction or self.listing
        return repaired.fact_id if repaired else ""


def way_back(state: SubjectState, day: date, policy: Policy, goal: Grade | None = None) -> WayBack:
    """Return the way of a subject from a day on; the goal is the next better grade when none is given."""
    now = _rate(state, day, policy)
    wanted = goal or Grade(min(now.grade + 1, Grade.AAA))
    moves = _moves(state, day)
    return WayBack(
        goal=wanted,
        score=now.score,
        grade=now.grade,
        by_itself_on=_reach([(day, state)], wanted, policy),
        steps=tuple(_step(state, day, move, wanted, policy) for move in moves),
        with_all_on=_reach(_course(state, day, moves), wanted, policy),
    )


def earliest_repair(sanction: Sanction) -> date | None:
    """Return the first day on which a penalty can be repaired by law; None when it cannot."""
    if sanction.decided_on >= _ORDER_36:
        return add_months(sanction.decided_on, _MONTHS_ORDER_36[sanction.severity])
    if sanction.kind in _NEVER_2021:
        return None
    return add_months(sanction.decided_on, _MONTHS_2021)


def earliest_removal(entry: Entry, day: date) -> date | None:
    """Return the first day from `day` on which a listing can be repaired; None when it knows no repair or ends before.

    The day itself is computed where repairs are decided, and travels with the listing: the two cannot disagree.
    """
    listed = entry.listed
    if listed.repair_on is None or not listed.holds_on(max(day, listed.repair_on)):
        return None
    return max(day, listed.repair_on)


def _moves(state: SubjectState, day: date) -> list[_Move]:
    """Return what can be done before it ends by itself: open cases today, repairs at their earliest days."""
    repairs = [
        _Move(StepKind.REPAIR, max(day, earliest), sanction=sanction)
        for sanction in state.sanctions
        if sanction.is_published
        and sanction.decided_on <= day
        and (earliest := earliest_repair(sanction)) is not None
        and max(day, earliest) < sanction.until
    ]
    duties = [_Move(StepKind.PERFORM, day, sanction=repair.sanction) for repair in repairs]
    repairs += [
        _Move(StepKind.CURE, on, listing=entry)
        for entry in state.listings
        if (on := earliest_removal(entry, day)) is not None
    ]
    unanswered, unsettled = _open(state, answered=False), _open(state, answered=True)
    answers = [_Move(StepKind.ANSWER, day, cases=unanswered)] if unanswered else []
    settlements = [_Move(StepKind.SETTLE, day, cases=unanswered + unsettled)] if unanswered + unsettled else []
    return [*answers, *settlements, *duties, *sorted(repairs, key=lambda move: move.on)]


def _open(state: SubjectState, *, answered: bool) -> int:
    """Count accepted cases without an end, by whether the merchant has answered."""
    return sum(
        count
        for cell, count in state.cells.items()
        if _is_open(cell) and (_response(cell) != RESPONSES.index("UNSPECIFIED")) is answered
    )


def _step(state: SubjectState, day: date, move: _Move, goal: Grade, policy: Policy) -> Step:
    course = _course(state, day, [move])
    after = _rate(course[-1][1], move.on, policy)
    return Step(move.kind, move.fact_id, move.cases, move.on, after.score, after.grade, _reach(course, goal, policy))


def _course(state: SubjectState, day: date, moves: Sequence[_Move]) -> list[tuple[date, SubjectState]]:
    """Return the states that follow each other, each with its first day, in the order of days."""
    course = [(day, state)]
    for move in sorted(moves, key=lambda move: move.on):
        course.append((move.on, _moved(course[-1][1], move)))
    return course


def _moved(state: SubjectState, move: _Move) -> SubjectState:
    """Return the state after a step; the given one stays as it is."""
    if move.kind is StepKind.PERFORM:
        return state
    after = state.copy()
    if move.sanction is not None:
        after.sanctions.remove(move.sanction)
        _take(after.cells, key(CellKind.PENALTIES, move.sanction.severity, 0, move.sanction.decided_on.toordinal()), 1)
        return after
    if move.listing is not None:
        _end(after, move.listing, move.on)
        return after
    for cell, count in state.cells.items():
        if _is_open(cell):
            _take(after.cells, cell, count)
            target = _target(cell, move.kind)
            after.cells[target] = after.cells.get(target, 0) + count
    return after


def _end(after: SubjectState, entry: Entry, on: date) -> None:
    """End a listing on a day before its own end."""
    old = entry.listed.until
    if entry.listed.lowers:
        if old is not None:
            _take(after.cells, key(CellKind.LISTINGS, ENDS, 0, old.toordinal()), 1)
        cell = key(CellKind.LISTINGS, ENDS, 0, on.toordinal())
        after.cells[cell] = after.cells.get(cell, 0) + 1
    i = after.listings.index(entry)
    after.listings[i] = entry._replace(listed=entry.listed._replace(until=on))


def _target(cell: int, kind: StepKind) -> int:
    """Return the cell of an open case once it is answered in time, or settled as well."""
    response = _response(cell) or RESPONSES.index("IN_TIME")
    status = ComplaintStatus.AGREED if kind is StepKind.SETTLE else ComplaintStatus.ACCEPTED
    of_complainant = (cell >> 32 & 0xFF) & ~RESPONSE_MASK
    return key(CellKind.CASES, status, response | of_complainant, cell & 0xFFFFFFFF)


def _take(cells: dict[int, int], cell: int, count: int) -> None:
    cells[cell] -= count
    if not cells[cell]:
        del cells[cell]


def _is_open(cell: int) -> bool:
    return cell >> 40 == CellKind.CASES << 8 | ComplaintStatus.ACCEPTED


def _response(cell: int) -> int:
    return cell >> 32 & RESPONSE_MASK


def _reach(course: Sequence[tuple[date, SubjectState]], goal: Grade, policy: Policy) -> date | None:
    """Return the first day on which the grade is the goal or better: only days on which something changes need a look."""
    for i, (first, state) in enumerate(course):
        end = course[i + 1][0] if i + 1 < len(course) else date.max
        day: date | None = first
        while day is not None and day < end:
            rating = _rate(state, day, policy)
            if rating.grade >= goal:
                return day
            day = rating.next_change_on
    return None


def _rate(state: SubjectState, day: date, policy: Policy) -> Rating:
    return rate([state], day, policy)[0]
