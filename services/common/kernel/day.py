"""Days and months of the law: text to date and back, in Asia/Shanghai."""

import re
from datetime import date
from functools import lru_cache

from services.common.errors import invalid

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@lru_cache(maxsize=1 << 14)
def parse_day(text: str, field: str) -> date:
    """Return the day of YYYY-MM-DD; raises InvalidInput naming the field."""
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass  # the calendar has no such day: refused below, with the same fix
    raise invalid(field, f"{text[:40]!r} is no day: write YYYY-MM-DD")


def parse_optional_day(text: str, field: str) -> date | None:
    """Return the day, or None for an empty text; raises InvalidInput naming the field."""
    return parse_day(text, field) if text else None


@lru_cache(maxsize=1 << 12)
def parse_month(text: str, field: str) -> date:
    """Return the first day of the month YYYY-MM; raises InvalidInput naming the field."""
    if not _MONTH.fullmatch(text) or text < "1900":
        raise invalid(field, f"{text[:40]!r} is no month: write YYYY-MM")
    return date.fromisoformat(f"{text}-01")


def month_index(day: date) -> int:
    """Number a day's month, so that months can be subtracted: year * 12 + month - 1."""
    return day.year * 12 + day.month - 1


def first_of_month(index: int) -> date:
    """Return the first day of a numbered month."""
    return date(index // 12, index % 12 + 1, 1)


def add_months(day: date, months: int) -> date:
    """Return the same day some months later; the month's last day where it has no such day."""
    index = month_index(day) + months
    last = (first_of_month(index + 1) - first_of_month(index)).days
    return first_of_month(index).replace(day=min(day.day, last))
