"""What is kept of a back-test: its report, and what one at activation has otherwise than the approved one."""

from dataclasses import dataclass
from datetime import datetime

from services.credit.application.backtest import Backtest


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Who stands otherwise than in the approved run, in words, and the facts told after it; none when nothing explains it."""

    code: str
    before: str
    after: str
    fact_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A kept back-test."""

    run_id: int
    found: Backtest
    at: datetime
