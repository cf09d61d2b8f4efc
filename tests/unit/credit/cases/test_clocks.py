"""The legal clocks: what runs in which state, when it is due, and what a suspension adds."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import NotFound
from services.common.kernel import working_day
from services.credit.domain.cases import clocks as clocks_of
from services.credit.domain.cases.answers import Answer, Category, Response
from services.credit.domain.cases.case import Case, Step
from services.credit.domain.cases.clocks import Clock, overdue, running
from services.credit.domain.cases.law import ClockKind, Effect
from services.credit.domain.cases.outcome import Outcome, final_response, outcome, response, weighing
from services.credit.domain.cases.regimes import REGIMES, regime, regime_on
from services.credit.domain.cases.states import CaseKind, State
from tests.unit.credit.cases.walks import step_to, walks

RECEIVED = date(2025, 9, 24)  # a Wednesday; 1 to 8 October are free, 28 September and 11 October worked


def dispute(*steps: Step) -> Case:
    return Case(CaseKind.DISPUTE, RECEIVED, steps)


def clocks(case: Case, day: date = RECEIVED) -> dict[ClockKind, Clock]:
    return {clock.kind: clock for clock in running(case, day)}


def test_a_dispute_is_decided_in_seven_working_days_with_the_holidays_moved() -> None:
    clock = clocks(dispute())[ClockKind.DECIDE]
    assert (clock.due, clock.regime_id, clock.is_provisional) == (date(2025, 10, 10), "SAMR-20", False)
    assert not clock.is_overdue(date(2025, 10, 10))
    assert clock.is_overdue(date(2025, 10, 11))


def test_a_mediation_lasts_45_working_days_and_from_order_121_on_60_days() -> None:
    accepted = dispute(Step(State.ACCEPTED, date(2026, 4, 14)))
    assert clocks(accepted)[ClockKind.MEDIATE].days == 45
    newer = clocks(dispute(Step(State.ACCEPTED, date(2026, 4, 15))))[ClockKind.MEDIATE]
    assert (newer.days, newer.regime_id, newer.due) == (60, "SAMR-121", date(2026, 6, 15))  # 14 June is a Sunday


def test_a_suspension_is_left_out_and_an_open_one_is_never_overdue() -> None:
    accepted, suspended = Step(State.ACCEPTED, date(2025, 11, 3)), Step(State.SUSPENDED, date(2025, 11, 10))
    plain = clocks(dispute(accepted))[ClockKind.MEDIATE]
    open_one = clocks(dispute(accepted, suspended), date(2026, 12, 1))[ClockKind.MEDIATE]
    assert open_one.is_suspended
    assert not open_one.is_overdue(date(2026, 12, 1))
    resumed = dispute(accepted, suspended, Step(State.MEDIATING, date(2025, 11, 17)))
    assert clocks(resumed)[ClockKind.MEDIATE].due == plain.due + timedelta(days=7)


def test_a_referral_starts_the_clock_anew_for_the_other_office() -> None:
    referred = dispute(step_to(State.REFERRED, date(2025, 11, 3)))
    clock = clocks(referred)[ClockKind.DECIDE]
    assert (clock.office, clock.due) == ("another 2025-11-03", date(2025, 11, 12))


def test_a_lead_is_checked_in_15_working_days_or_30_and_the_informer_told_in_5() -> None:
    lead = Case(CaseKind.LEAD, date(2025, 11, 3))
    assert clocks(lead)[ClockKind.CHECK].due == date(2025, 11, 24)
    assert clocks(lead._replace(extended_on=date(2025, 11, 20)))[ClockKind.CHECK].due == date(2025, 12, 15)
    filed = lead._replace(steps=(Step(State.FILED, date(2025, 11, 10)),))
    assert clocks(filed)[ClockKind.INFORM].due == date(2025, 11, 17)


def test_a_due_day_in_a_year_not_announced_is_provisional() -> None:
    assert clocks(dispute(Step(State.ACCEPTED, date(2030, 3, 4))))[ClockKind.MEDIATE].is_provisional


@pytest.fixture
def announced() -> Iterator[Callable[[date, date], None]]:
    """Announce a year by hand: one free day and one worked Saturday beside it; taken back afterwards."""
    before = dict(chinese_calendar.holidays), dict(chinese_calendar.workdays)

    def announce(free: date, worked: date) -> None:
        chinese_calendar.holidays[free] = "Spring Festival"
        chinese_calendar.workdays[worked] = "Spring Festival"
        forget_calendar()

    yield announce
    for table, kept in zip((chinese_calendar.holidays, chinese_calendar.workdays), before, strict=True):
        table.clear()
        table.update(kept)
    forget_calendar()


def forget_calendar() -> None:
    """Begin as a process does that starts with a newer calendar."""
    for remembered in (
        working_day._has_arrangement,
        working_day._working_days,
        working_day._add_working_days,
        clocks_of._due,
    ):
        remembered.cache_clear()


def test_an_announced_year_moves_due_days_with_no_event(announced: Callable[[date, date], None]) -> None:
    year = max(day.year for day in chinese_calendar.holidays) + 1
    case = dispute(Step(State.ACCEPTED, date(year, 3, 1)))
    before = clocks(case)[ClockKind.ANSWER]
    assert before.is_provisional
    saturday = next(day for day in (date(year, 3, 2) + timedelta(n) for n in range(7)) if day.weekday() == 5)
    announced(before.due, saturday - timedelta(days=1))
    moved = clocks(case)[ClockKind.ANSWER]
    assert not moved.is_provisional
    assert moved.due > before.due  # the day that it fell on is free now
    announced(before.due, saturday)
    assert clocks(case)[ClockKind.ANSWER].due < before.due  # the Saturday that is worked counts
    assert (moved.start, moved.days, moved.regime_id) == (before.start, before.days, before.regime_id)


def test_overdue_cases_stand_under_the_office_that_must_act() -> None:
    late = dispute(Step(State.ACCEPTED, date(2025, 11, 3), office="520102"))
    done = dispute(Step(State.ACCEPTED, date(2025, 11, 3), office="520102"), Step(State.WITHDRAWN, date(2025, 11, 4)))
    found = overdue([("late", late), ("done", done), ("new", dispute())], date(2025, 12, 1))
    assert {office: [(o.case_id, o.clock.kind) for o in entries] for office, entries in found.items()} == {
        "520102": [("late", ClockKind.ANSWER)],
        "": [("new", ClockKind.DECIDE)],
    }


@given(walks(), st.dates(date(2026, 3, 2), date(2027, 6, 1)))
def test_every_running_clock_can_be_derived_again_from_what_is_kept(case: Case, day: date) -> None:
    for clock in running(case, day):
        period = regime(clock.regime_id).periods[clock.kind]
        assert clock.days - period.days in {0, period.extension}
        assert clock.due > clock.start


@pytest.mark.parametrize(
    ("answered", "day", "wanted"),
    [
        (date(2025, 11, 17), date(2025, 11, 17), Response.IN_TIME),
        (date(2025, 11, 18), date(2025, 11, 18), Response.LATE),
        (None, date(2025, 11, 17), Response.UNKNOWN),
        (None, date(2025, 11, 18), Response.NONE),
    ],
)
def test_the_answer_is_in_time_late_or_none_by_the_clock(answered: date | None, day: date, wanted: Response) -> None:
    case = dispute(Step(State.ACCEPTED, date(2025, 11, 3)))
    case = case._replace(answer=Answer(Category.PARTIAL, answered) if answered else None)
    assert response(case, day) is wanted


OFFICE, DUE = "毕节市七星关区市场监督管理局", date(2025, 11, 17)


@pytest.mark.parametrize(
    ("office", "ended_on", "reason", "told", "wanted"),
    [
        (OFFICE, DUE + timedelta(1), "NO_AGREEMENT", Response.UNKNOWN, Response.NONE),
        (OFFICE, DUE, "NO_AGREEMENT", Response.UNKNOWN, Response.UNKNOWN),
        (OFFICE, DUE + timedelta(1), "NO_AGREEMENT", Response.IN_TIME, Response.IN_TIME),
        (OFFICE, DUE + timedelta(1), "SETTLED_PRIVATELY", Response.UNKNOWN, Response.UNKNOWN),
        ("", DUE + timedelta(1), "NO_AGREEMENT", Response.UNKNOWN, Response.UNKNOWN),
    ],
)
def test_silence_counts_where_the_office_kept_the_case_until_its_mediation_failed(
    office: str, ended_on: date, reason: str, told: Response, wanted: Response
) -> None:
    ended = Step(State.TERMINATED, ended_on, office, reason)
    case = dispute(Step(State.ACCEPTED, date(2025, 11, 3), office), ended)
    assert final_response(case, told) is wanted
    assert (
        final_response(case._replace(steps=(*case.steps, Step(State.NOTIFIED, date(2026, 1, 5), office))), told)
        is wanted
    )
    late = case._replace(answer=Answer(Category.PARTIAL, DUE + timedelta(1)))
    assert final_response(late, told) is Response.LATE


@pytest.mark.parametrize("told", [Response.UNKNOWN, Response.LATE, Response.NONE])
def test_a_late_answer_is_not_less_than_silence_while_the_case_is_under_way(told: Response) -> None:
    silent = dispute(Step(State.ACCEPTED, date(2025, 11, 3), OFFICE))
    late = silent._replace(answer=Answer(Category.PARTIAL, DUE + timedelta(1)))
    in_time = silent._replace(answer=Answer(Category.PARTIAL, DUE))
    assert final_response(late, told) is Response.UNKNOWN
    assert final_response(silent, Response.LATE) is final_response(silent, Response.UNKNOWN) is Response.UNKNOWN
    assert final_response(in_time, told) is Response.IN_TIME


def test_a_case_that_was_never_accepted_asks_for_no_answer() -> None:
    assert response(dispute(step_to(State.REFUSED, RECEIVED)), date(2030, 1, 1)) is Response.UNKNOWN


@pytest.mark.parametrize(
    ("reason", "weighs", "counts"),
    [
        ("NO_AGREEMENT", State.TERMINATED, Outcome.FAILED),
        ("", State.TERMINATED, Outcome.FAILED),
        ("SETTLED_PRIVATELY", State.AGREED, Outcome.AGREED),
        ("COMPLAINANT_ABSENT", State.WITHDRAWN, Outcome.VOID),
    ],
)
def test_the_reason_of_a_termination_decides_what_it_weighs(reason: str, weighs: State, counts: Outcome) -> None:
    ended = Step(State.TERMINATED, date(2025, 11, 3), reason=reason)
    for case in (dispute(ended), dispute(ended, Step(State.NOTIFIED, date(2025, 11, 4)))):
        assert weighing(case) is weighs
        assert outcome(case) is counts


def test_the_law_is_found_by_day_and_id_and_cites_an_article_everywhere() -> None:
    assert [regime_on(date(2026, 4, d)).id for d in (14, 15)] == ["SAMR-20", "SAMR-121"]
    assert regime_on(date(2010, 1, 1)).id == "SAMR-20"
    with pytest.raises(NotFound, match="SAMR-20"):
        regime("SAMR-1")
    for law in REGIMES:
        lists = (law.refusals, law.terminations, law.suspensions, law.not_filed)
        entries = [reason for reasons in lists for reason in reasons.values()]
        assert all(entry.article for entry in [*entries, *law.periods.values()])
        assert set(law.periods) == set(ClockKind)
        assert any(entry.effect is Effect.SETTLED for entry in law.terminations.values())
    assert {"FRAUD", "FALSE_MATERIAL"} <= set(regime("SAMR-121").terminations)
