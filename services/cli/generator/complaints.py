"""Complaint reports: each case is told when it is received, accepted or refused, and when it ends."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from services.cli.generator import constants as c
from services.cli.generator import lifecycle, seasons
from services.cli.generator.lifecycle import NEVER, Lives
from services.cli.generator.merchants import Merchants
from services.cli.generator.plan import Plan
from services.cli.generator.randomness import Bools, Floats, Ints, Stream, choose, generator
from services.cli.generator.wording import SECONDS_A_DAY, Told, day, told
from services.common.kernel.day import first_of_month

STATUSES = tuple(
    f"COMPLAINT_STATUS_{name}"
    for name in ("UNSPECIFIED", "RECEIVED", "ACCEPTED", "REFUSED", "AGREED", "TERMINATED", "WITHDRAWN")
)
RESPONSES = tuple(f"MERCHANT_RESPONSE_{name}" for name in ("UNSPECIFIED", "IN_TIME", "LATE", "NONE"))
PROBLEMS = tuple(
    f"PROBLEM_TYPE_{name}"
    for name in (
        *("QUALITY", "AFTER_SALES", "FALSE_ADVERTISING", "CONTRACT"),
        *("PRICE", "SAFETY", "COUNTERFEIT", "OTHER"),
    )
)
OPENING_SECOND, CLOSING_SECOND = 8 * 3600, 22 * 3600


class _Step(NamedTuple):
    """One report: the day, the status then, and how the merchant had answered."""

    ordinal: int
    status: int
    response: int


class _Case(NamedTuple):
    """One case, with the second of the day at which its source writes."""

    code: str
    is_lead: bool
    problem: str
    platform: str
    is_12315: bool
    fen: int
    complainant: int
    second: int


def cases_of(plan: Plan, merchants: Merchants, month: int, orders: Ints) -> Iterator[Told]:
    """Draw the cases received in a month, given its orders, and tell each report up to the plan's last day."""
    rng = generator(plan.seed, Stream.CASES, month)
    factors = seasons.bursts(plan.seed, month, merchants.size)
    counts = rng.poisson(orders.sum(axis=1) * merchants.received_per_order * factors)
    who = np.repeat(np.arange(merchants.size), counts)
    in_burst = (factors[who] > 1) & (rng.random(len(who)) < c.BURST_SHARE)
    received = _received(rng, plan, month, merchants.size, who, in_burst)
    lives = lifecycle.live(rng, received, merchants.in_time[who], merchants.agreed[who])
    cases = _cases(rng, merchants, who, lives, in_burst)
    for number, (case, steps) in enumerate(zip(cases, _steps(lives), strict=True)):
        yield from _told(f"{first_of_month(month):%Y%m}-{number:06}", case, steps, plan.until.toordinal())


def _received(rng: np.random.Generator, plan: Plan, month: int, merchants: int, who: Ints, in_burst: Bools) -> Ints:
    days, cumulated = seasons.complaint_days(month, plan.until)
    usual = days[np.minimum(np.searchsorted(cumulated, rng.random(len(who))), len(days) - 1)]
    begins = rng.integers(0, len(days), merchants)[who]
    in_bad_week = days[np.minimum(begins + rng.integers(0, c.BURST_DAYS, len(who)), len(days) - 1)]
    return np.where(in_burst, in_bad_week, usual)


def _cases(rng: np.random.Generator, merchants: Merchants, who: Ints, lives: Lives, in_burst: Bools) -> Iterator[_Case]:
    count = len(who)
    problems = np.where(in_burst, PROBLEMS.index(c.BURST_PROBLEM), choose(rng, c.PROBLEM_SHARES, count))
    platforms = _platforms(rng, merchants.platform_shares[who])
    told_by_12315 = rng.random(count) < c.SHARE_OF_12315
    fen = rng.lognormal(np.log(c.DISPUTED_MEDIAN_FEN), c.DISPUTED_SIGMA, count).astype(np.int64)
    complainants = rng.integers(0, max(1, int(count * c.COMPLAINANTS_PER_CASE)), count)
    seconds = rng.integers(OPENING_SECOND, CLOSING_SECOND, count)
    columns = (who, lives.is_lead, problems, platforms, told_by_12315, fen, complainants, seconds)
    for merchant, is_lead, problem, platform, *rest in zip(*(column.tolist() for column in columns), strict=True):
        yield _Case(merchants.codes[merchant], is_lead, PROBLEMS[problem], c.PLATFORMS[platform], *rest)


def _platforms(rng: np.random.Generator, shares: Floats) -> Ints:
    below = rng.random(len(shares))[:, None] >= np.cumsum(shares, axis=1)[:, :-1]
    return np.asarray(below.sum(axis=1), dtype=np.int64)


def _steps(lives: Lives) -> Iterator[tuple[_Step, ...]]:
    columns = (lives.received, lives.decided, lives.decision, lives.ended, lives.ending, lives.response)
    for received, decided, decision, ended, ending, response in zip(*(x.tolist() for x in columns), strict=True):
        begin = (
            _Step(received, lifecycle.RECEIVED, lifecycle.NOT_TOLD),
            _Step(decided, decision, lifecycle.NOT_TOLD),
        )
        yield begin if ended == NEVER else (*begin, _Step(ended, ending, response))


def _told(number: str, case: _Case, steps: tuple[_Step, ...], last_day: int) -> Iterator[Told]:
    source = c.SOURCE_12315 if case.is_12315 else c.SOURCE_PLATFORM.format(code=case.platform)
    for position, step in enumerate(steps, start=1):
        if step.ordinal <= last_day:
            yield told(
                event_id=f"c-{number}-{position}",
                source=source,
                at=step.ordinal * SECONDS_A_DAY + case.second,
                data=_data(f"C-{number}", case, step, steps[0].ordinal),
            )


def _data(case_id: str, case: _Case, step: _Step, received: int) -> dict[str, str]:
    data = {
        "case_id": case_id,
        "credit_code": case.code,
        "kind": "COMPLAINT_KIND_LEAD" if case.is_lead else "COMPLAINT_KIND_DISPUTE",
        "status": STATUSES[step.status],
        "received_on": day(received),
        "problem_type": case.problem,
        "platform_code": case.platform,
        "complainant_pseudonym": f"{case_id[2:8]}.{case.complainant:x}",
        "disputed_amount_fen": str(case.fen),
    }
    if step.ordinal != received:
        data["status_on"] = day(step.ordinal)
    if step.response != lifecycle.NOT_TOLD:
        data["response"] = RESPONSES[step.response]
    return data
