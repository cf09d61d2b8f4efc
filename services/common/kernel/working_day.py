"""Working days of China: the State Council's yearly arrangement with 调休, and what is assumed of a year not announced.

A legal clock is kept as (start day, working days, regime). Its due day is derived here again whenever it is read, so that
the arrangement of a year which is announced later moves it.
"""

from collections.abc import Iterable
from datetime import MAXYEAR, date, timedelta
from functools import lru_cache
from typing import NamedTuple

import chinese_calendar

from services.common.errors import invalid

MAX_WORKING_DAYS = 1000
#: 全国年节及纪念日放假办法 art. 2 (as of 2025-01-01), the holidays with a fixed date; the lunar ones need the arrangement.
_FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
#: The next year's arrangement can move the last days of a year: 2018-12-29 was worked, 2018-12-31 free, by that of 2019.
_NEXT_YEARS_ARRANGEMENT_FROM = (12, 25)
_ONE_DAY = timedelta(days=1)
#: So that the longest period still ends before the calendar does.
_LAST_YEAR = MAXYEAR - 10
_SATURDAY = 5


class Due(NamedTuple):
    """A due day; provisional when a day that it was counted over lies in a time whose arrangement is not announced."""

    day: date
    is_provisional: bool


class Pause(NamedTuple):
    """Days that do not count: from `first` until before `resumed`."""

    first: date
    resumed: date


def add_working_days(start: date, working_days: int, pauses: Iterable[Pause] = ()) -> Due:
    """Return the day on which a period of working days ends; the starting day is not counted (民法典 art. 201).

    Days of a pause are not counted. Raises InvalidInput when the number is not 0 to 1000, or the calendar ends first.
    """
    return _add_working_days(start, working_days, tuple(pauses))


@lru_cache(maxsize=4096)
def _add_working_days(start: date, working_days: int, stops: tuple[Pause, ...]) -> Due:
    _check(start, working_days, stops)
    day, is_provisional = start, False
    while working_days:
        day += _ONE_DAY
        is_provisional |= not is_announced(day)
        working_days -= is_working_day(day) and not any(stop.first <= day < stop.resumed for stop in stops)
    return Due(day, is_provisional)


def add_calendar_days(start: date, days: int, pauses: Iterable[Pause] = ()) -> Due:
    """Return the day on which a period of calendar days ends; the starting day and the days of a pause are not counted.

    A period that would end on a free day ends on the next working day (民法典 art. 203). Raises InvalidInput as above.
    """
    stops = tuple(pauses)
    _check(start, days, stops)
    day = start
    while days:
        day += _ONE_DAY
        days -= not any(stop.first <= day < stop.resumed for stop in stops)
    return _next_working_day(day) if day > start else Due(day, is_provisional=False)


def is_working_day(day: date) -> bool:
    """Tell whether people work on a day; assumed by weekday and fixed holidays for a year not announced."""
    return day in _working_days(day.year)


def is_announced(day: date) -> bool:
    """Tell whether the arrangement of a day is known for good."""
    is_last_week = (day.month, day.day) >= _NEXT_YEARS_ARRANGEMENT_FROM
    return _has_arrangement(day.year) and (not is_last_week or _has_arrangement(day.year + 1))


def _next_working_day(day: date) -> Due:
    is_provisional = not is_announced(day)
    while not is_working_day(day):
        day += _ONE_DAY
        is_provisional |= not is_announced(day)
    return Due(day, is_provisional)


@lru_cache(maxsize=64)
def _working_days(year: int) -> frozenset[date]:
    works = chinese_calendar.is_workday if _has_arrangement(year) else _is_assumed_working
    first = date(year, 1, 1)
    return frozenset(day for day in (first + _ONE_DAY * n for n in range(366)) if day.year == year and works(day))


@lru_cache(maxsize=64)
def _has_arrangement(year: int) -> bool:
    try:
        chinese_calendar.is_workday(date(year, 1, 1))  # type: ignore[no-untyped-call]
    except NotImplementedError:  # the library's word for a year that it has no arrangement of
        return False
    return True


def _is_assumed_working(day: date) -> bool:
    return day.weekday() < _SATURDAY and (day.month, day.day) not in _FIXED_HOLIDAYS


def _check(start: date, working_days: int, pauses: tuple[Pause, ...]) -> None:
    if not 0 <= working_days <= MAX_WORKING_DAYS:
        raise invalid("working_days", f"{working_days} is no period: give 0 to {MAX_WORKING_DAYS}")
    if max([start, *(pause.resumed for pause in pauses)]).year > _LAST_YEAR:
        raise invalid("start", f"the period begins too near the calendar's end: give days up to {_LAST_YEAR}")
