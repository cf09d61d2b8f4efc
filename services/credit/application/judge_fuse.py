"""Judges the fuse of a policy on its first day: how many of the rated it alone would downgrade."""

from collections.abc import Iterable
from datetime import date, datetime

from services.credit.application.backtest import Chunk, backtest
from services.credit.application.policies import Fuse
from services.credit.domain.policy import Policy


def judge_fuse(population: Iterable[Chunk], former: Policy, policy: Policy, day: date, at: datetime) -> Fuse:
    """Rate everybody by both policies on a day, and count; to or from NR is no downgrade."""
    found = backtest(population, former, policy, day, 0)
    both = {pair: count for pair, count in found.matrix.items() if min(pair) > 0}
    downgraded = sum(count for (before, after), count in both.items() if after < before)
    return Fuse(
        version=policy.version, day=day, rated=sum(both.values()), downgraded=downgraded,
        limit_permille=policy.fuse_permille, judged_at=at,
    )  # fmt: skip
