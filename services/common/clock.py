"""The clock as an argument: the only place that reads the time."""

from datetime import UTC, date, datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Tells the time; injected, so that tests and simulations can move it."""

    def now(self) -> datetime:
        """Return the present moment, timezone-aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands until it is moved."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """Return the moment that was set."""
        return self.moment


def china_day(moment: datetime) -> date:
    """Return the day of a moment in Asia/Shanghai; a day of the law is such a day."""
    return moment.astimezone(CHINA).date()


def china_midnight(day: date) -> datetime:
    """Return the moment at which a day of Asia/Shanghai begins, in UTC."""
    return datetime.combine(day, time.min, CHINA).astimezone(UTC)
