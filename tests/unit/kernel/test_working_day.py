from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import InvalidInput
from services.common.kernel.working_day import (
    Due,
    Pause,
    add_calendar_days,
    add_working_days,
    is_announced,
    is_working_day,
)

announced = st.dates(date(2004, 1, 1), date(2025, 12, 31))
any_day = st.dates(date(1950, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("start", "working_days", "due"),
    [
        (date(2024, 9, 13), 1, date(2024, 9, 14)),  # a Saturday worked for the mid-autumn bridge
        (date(2024, 9, 30), 6, date(2024, 10, 14)),  # the national week is free, Saturday the 12th is worked
        (date(2026, 2, 13), 1, date(2026, 2, 14)),  # worked Saturday before the spring festival of 2026
        (date(2026, 2, 14), 1, date(2026, 2, 24)),
        (date(2018, 12, 28), 2, date(2019, 1, 2)),  # the 29th worked, the 31st free, by the arrangement of 2019
        (date(2025, 5, 10), 0, date(2025, 5, 10)),
    ],
)
def test_working_days_of_announced_years(start: date, working_days: int, due: date) -> None:
    assert add_working_days(start, working_days) == Due(due, is_provisional=False)


def test_a_year_not_announced_gives_a_provisional_day_without_fixed_holidays() -> None:
    year = date(2099, 4, 29)  # a Wednesday
    assert add_working_days(year, 2) == Due(date(2099, 5, 4), is_provisional=True)


def test_the_last_week_of_the_last_announced_year_is_provisional() -> None:
    last = max(day.year for day in chinese_calendar.holidays)
    assert is_announced(date(last, 12, 24))
    assert not is_announced(date(last, 12, 25))
    assert is_announced(date(last - 1, 12, 31))


@given(announced)
def test_agrees_with_the_library(day: date) -> None:
    assert is_working_day(day) == chinese_calendar.is_workday(day)


@given(any_day, st.integers(1, 120))
def test_the_due_day_is_a_working_day_with_that_many_before_it(start: date, working_days: int) -> None:
    due = add_working_days(start, working_days).day
    between = sum(is_working_day(start + timedelta(days=n)) for n in range(1, (due - start).days + 1))
    assert is_working_day(due)
    assert between == working_days


@given(any_day, st.integers(0, 60), st.integers(0, 60))
def test_a_period_can_be_counted_in_two_parts(start: date, first: int, second: int) -> None:
    whole = add_working_days(start, first + second).day
    assert add_working_days(add_working_days(start, first).day, second).day == whole


@given(any_day, st.integers(1, 60), st.integers(0, 90), st.integers(1, 90))
def test_a_pause_moves_the_due_day_by_its_working_days(start: date, n: int, offset: int, length: int) -> None:
    pause = Pause(start + timedelta(days=offset), start + timedelta(days=offset + length))
    due = add_working_days(start, n, [pause]).day
    counted = [start + timedelta(days=k) for k in range(1, (due - start).days + 1)]
    assert sum(is_working_day(d) and not pause.first <= d < pause.resumed for d in counted) == n


def test_pauses_that_overlap_are_excluded_once() -> None:
    pauses = [Pause(date(2024, 4, 8), date(2024, 4, 10)), Pause(date(2024, 4, 9), date(2024, 4, 11))]
    assert add_working_days(date(2024, 4, 7), 1, pauses).day == date(2024, 4, 11)


def test_calendar_days_end_on_a_working_day() -> None:
    assert add_calendar_days(date(2024, 9, 21), 10) == Due(date(2024, 10, 8), is_provisional=False)
    assert add_calendar_days(date(2024, 9, 2), 2) == Due(date(2024, 9, 4), is_provisional=False)
    pause = Pause(date(2024, 9, 3), date(2024, 9, 5))
    assert add_calendar_days(date(2024, 9, 2), 2, [pause]) == Due(date(2024, 9, 6), is_provisional=False)
    assert add_calendar_days(date(2098, 12, 1), 2).is_provisional


@pytest.mark.parametrize(("start", "n"), [(date(2024, 1, 1), -1), (date(2024, 1, 1), 1001), (date(9999, 1, 1), 1)])
def test_refuses_what_is_no_period(start: date, n: int) -> None:
    with pytest.raises(InvalidInput):
        add_working_days(start, n)
