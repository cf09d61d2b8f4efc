"""When things happen: seasons of orders, weekdays and peaks of complaints, and merchants' bad weeks."""

from datetime import date
from functools import lru_cache

import numpy as np

from services.cli.generator import constants as c
from services.cli.generator.randomness import Floats, Ints, Stream, generator
from services.common.kernel.day import first_of_month


def season(month: int) -> float:
    """Return how a numbered month's orders compare with the mean month's."""
    return c.MONTH_FACTORS[month % 12]


def elapsed(month: int, until: date) -> float:
    """Return the share of a month that is over at the end of `until`."""
    first, after = first_of_month(month), first_of_month(month + 1)
    return min(1.0, ((until - first).days + 1) / (after - first).days)


@lru_cache(maxsize=512)
def complaint_days(month: int, until: date) -> tuple[Ints, Floats]:
    """Return the days of a month up to `until` as ordinals, and the cumulated share of complaints on each."""
    end = min(first_of_month(month + 1).toordinal() - 1, until.toordinal())
    days = np.arange(first_of_month(month).toordinal(), end + 1)
    factors = np.array([_day_factor(date.fromordinal(int(day))) for day in days])
    return days, np.cumsum(factors) / factors.sum()


def _day_factor(day: date) -> float:
    peaks = (factor for month, first, last, factor in c.PEAKS if day.month == month and first <= day.day <= last)
    return c.WEEKDAY_FACTORS[day.weekday()] * next(peaks, 1.0)


def bursts(seed: int, month: int, count: int) -> Floats:
    """Return each merchant's factor of complaints in a month: 1, or more for the few with a bad week."""
    rng = generator(seed, Stream.BURSTS, month)
    factors = rng.uniform(*c.BURST_FACTORS, count)
    return np.where(rng.random(count) < c.BURST_PROBABILITY, factors, 1.0)
