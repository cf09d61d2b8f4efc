"""How much of each: from the number of events asked for to months, cases and orders."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from services.cli.generator import constants as c
from services.cli.generator import lifecycle, seasons
from services.cli.generator.merchants import Merchants
from services.cli.generator.randomness import Floats, Stream, generator
from services.common.errors import FieldViolation, InvalidInput
from services.common.kernel.day import first_of_month, month_index

PILOT_CASES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to generate: the months up to `until`, how many cases, and the mean orders of all merchants together."""

    seed: int
    until: date
    months: range
    cases: float
    orders_per_season: float
    duplicates: float

    def mean_orders(self, merchants: Merchants, month: int) -> Floats:
        """Return each merchant's expected orders in a month."""
        scale = self.orders_per_season * _weight(month, self.until)
        return merchants.weight * merchants.active(month) * scale


def make(merchants: Merchants, *, events: int, seed: int, until: date, duplicates: float) -> Plan:
    """Return the plan that is expected to give about so many events; raises InvalidInput when merchants are too many."""
    distinct = events / (1 + duplicates)
    months = _months(merchants, distinct, until)
    volumes = _volume_reports(merchants, months) * (1 + c.CORRECTED_SHARE)
    per_case = _reports_per_case(merchants, months, seed, until)
    cases = (distinct - volumes) / (per_case + c.PENALTIES_PER_CASE * (1 + c.REVOKED_SHARE))
    return Plan(
        seed=seed,
        until=until,
        months=months,
        cases=cases,
        orders_per_season=cases / _cases_per_season(merchants, months, seed, until),
        duplicates=duplicates,
    )


def _months(merchants: Merchants, distinct: float, until: date) -> range:
    last = month_index(until)
    a_month = _volume_reports(merchants, range(last, last + 1))
    count = min(c.MAX_MONTHS, int(distinct * c.VOLUME_SHARE / max(a_month, 1)))
    if count < 1 or not a_month:
        description = f"one month of {merchants.size} merchants needs more than {int(distinct)} events: ask for fewer"
        raise InvalidInput(
            f"--merchants: {description}", violations=(FieldViolation(field="merchants", description=description),)
        )
    return range(last - count + 1, last + 1)


def _volume_reports(merchants: Merchants, months: range) -> int:
    platforms = np.count_nonzero(merchants.platform_shares, axis=1)
    return int(sum(platforms[merchants.active(month)].sum() for month in months))


def _reports_per_case(merchants: Merchants, months: range, seed: int, until: date) -> float:
    """Measure on a pilot how many reports a case has by `until`; cases of the last weeks are still open."""
    rng = generator(seed, Stream.PILOT)
    first, last = first_of_month(months[0]).toordinal(), until.toordinal()
    who = rng.integers(0, merchants.size, PILOT_CASES)
    received = rng.integers(first, last + 1, PILOT_CASES)
    lives = lifecycle.live(rng, received, merchants.in_time[who], merchants.agreed[who])
    return lifecycle.reports_until(lives, last) / PILOT_CASES


def _cases_per_season(merchants: Merchants, months: range, seed: int, until: date) -> float:
    total = 0.0
    for month in months:
        active = merchants.weight * merchants.active(month)
        rates = merchants.received_per_order * seasons.bursts(seed, month, merchants.size)
        total += _weight(month, until) * float(active @ rates)
    return total


def _weight(month: int, until: date) -> float:
    return seasons.season(month) * seasons.elapsed(month, until)
