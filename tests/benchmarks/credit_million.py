"""`rescore_million` and `backtest_million`: everybody by a policy, and by two; tables to tables, on one core."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from services.common.clock import china_day
from services.credit.config import POLICY_FOLDER
from services.credit.offline import backtest_draft, shadow
from tests.benchmarks import million, workload
from tests.benchmarks.fresh import fresh_database, settle
from tests.benchmarks.harness import Outcome, Scale, benchmark

_DAY = china_day(workload.NOW)
_ACTIVE = POLICY_FOLDER / "2026-1.toml"


@benchmark("rescore_million", unit="s")
def rescore_million(scale: Scale) -> Outcome:
    """Read the states of a million merchants, and write scores, grades and the amount of every rule."""
    merchants = scale.of(million.MERCHANTS)
    with fresh_database() as dsn:
        million.prepare(dsn, merchants)
        settle(dsn)
        began = time.perf_counter()
        assert shadow(dsn, _ACTIVE, _DAY) == merchants
        took = time.perf_counter() - began
        with psycopg.connect(dsn) as conn:
            written = conn.execute("SELECT count(*), count(score) FROM credit.shadow_score").fetchone()
        assert written == (merchants, merchants)
    return Outcome(took)


@benchmark("backtest_million", unit="s")
def backtest_million(scale: Scale) -> Outcome:
    """Rate a million merchants by the policy in force and by a draft with a steeper slope."""
    merchants = scale.of(million.MERCHANTS)
    with fresh_database() as dsn, TemporaryDirectory() as folder:
        million.prepare(dsn, merchants)
        settle(dsn)
        draft = _steeper(Path(folder))
        began = time.perf_counter()
        found = backtest_draft(dsn, draft, _DAY)
        took = time.perf_counter() - began
        assert found.subjects == merchants
        assert found.moved > 0
    return Outcome(took)


def _steeper(folder: Path) -> Path:
    """Write a draft; its examples are those that it does not change."""
    text = _ACTIVE.read_text().replace("slope_millipoints = 250000", "slope_millipoints = 300000")
    path = folder / "draft.toml"
    path.write_text(text.replace('version = "2026-1"', 'version = "draft"'))
    return path
