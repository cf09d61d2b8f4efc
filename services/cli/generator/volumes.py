"""Volume reports: each platform tells each month what each of its merchants sold; a few accounts are corrected."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from services.cli.generator import constants as c
from services.cli.generator.merchants import Merchants
from services.cli.generator.plan import Plan
from services.cli.generator.randomness import Ints, Stream, generator
from services.cli.generator.wording import SECONDS_A_DAY, Told, told
from services.common.kernel.day import first_of_month

REPORT_FIRST_DAY = 3
REPORT_DAYS = 6
CORRECTION_DAYS = 3


class _Account(NamedTuple):
    """What a platform tells of a merchant, and when (day's ordinal, second of the day)."""

    merchant: int
    platform: int
    orders: int
    ordinal: int
    second: int
    is_corrected: bool


def orders_of(plan: Plan, merchants: Merchants, month: int) -> Ints:
    """Draw the orders of a month by merchant and platform."""
    rng = generator(plan.seed, Stream.VOLUMES, month)
    noise = rng.lognormal(-(c.ORDERS_SIGMA**2) / 2, c.ORDERS_SIGMA, merchants.size)
    mean = plan.mean_orders(merchants, month) * noise
    return rng.poisson(mean[:, None] * merchants.platform_shares)


def reports(plan: Plan, merchants: Merchants, month: int, orders: Ints) -> Iterator[Told]:
    """Tell a month's orders some days after its end, or on the last day of the plan when that is earlier."""
    for account in _accounts(plan, merchants, month, orders):
        yield _told(merchants, month, account, version=1)
        if account.is_corrected:
            later = account._replace(orders=account.orders * 21 // 20, ordinal=account.ordinal + CORRECTION_DAYS)
            yield _told(merchants, month, later, version=2)


def _accounts(plan: Plan, merchants: Merchants, month: int, orders: Ints) -> Iterator[_Account]:
    rng = generator(plan.seed, Stream.REPORTING, month)
    who, where = np.nonzero((merchants.platform_shares > 0) & merchants.active(month)[:, None])
    last = plan.until.toordinal()
    due = first_of_month(month + 1).toordinal() + REPORT_FIRST_DAY + rng.integers(0, REPORT_DAYS, len(who))
    days = np.minimum(due, last)
    corrected = (rng.random(len(who)) < c.CORRECTED_SHARE) & (days + CORRECTION_DAYS <= last)
    seconds = rng.integers(2 * 3600, 6 * 3600, len(who))
    columns = (who, where, orders[who, where], days, seconds, corrected)
    return map(_Account._make, zip(*(column.tolist() for column in columns), strict=True))


def _told(merchants: Merchants, month: int, account: _Account, *, version: int) -> Told:
    code, platform = merchants.codes[account.merchant], c.PLATFORMS[account.platform]
    text = f"{first_of_month(month):%Y-%m}"
    return told(
        event_id=f"v-{text}-{code}-{version}",
        source=c.SOURCE_PLATFORM.format(code=platform),
        at=account.ordinal * SECONDS_A_DAY + account.second,
        data={
            "credit_code": code,
            "platform_code": platform,
            "month": text,
            "orders": str(account.orders),
            "amount_fen": str(int(account.orders * merchants.basket_fen[account.merchant])),
        },
    )
