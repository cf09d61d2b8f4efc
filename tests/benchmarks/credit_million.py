"""Everybody: `rescore_million` by a policy, `backtest_million` by two, `rebuild_million` from facts, `day_sweep` at midnight."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from services.common.clock import FixedClock, china_day
from services.common.db.pool import open_pool
from services.credit.adapters.policy_files import load_policies
from services.credit.config import POLICY_FOLDER
from services.credit.consumers.sweeper import Sweeper
from services.credit.offline import backtest_draft, rebuild, shadow
from tests.benchmarks import million, workload
from tests.benchmarks.fresh import fresh_database, settle
from tests.benchmarks.harness import Outcome, Scale, benchmark

_DAY = china_day(workload.NOW)
_DUE = 40_000
_SAME = "SELECT count(*) FROM credit.rebuilt_cells r JOIN credit.subject s ON s.id = r.subject_id AND s.cells = r.cells"
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


@benchmark("rebuild_million", unit="s")
def rebuild_million(scale: Scale) -> Outcome:
    """Fold ten million facts into the cells of a million merchants, and write them; they are what the worker had."""
    merchants = scale.of(million.MERCHANTS)
    with fresh_database() as dsn:
        million.prepare(dsn, merchants, with_ledger=True)
        settle(dsn)
        began = time.perf_counter()
        assert rebuild(dsn) == merchants
        took = time.perf_counter() - began
        with psycopg.connect(dsn) as conn:
            same = conn.execute(_SAME).fetchone()
        assert same == (merchants,)
    return Outcome(took)


@benchmark("day_sweep", unit="s")
def day_sweep(scale: Scale) -> Outcome:
    """Turn the day for 40,000 of a million merchants: rate, save, publish."""
    due = scale.of(_DUE)
    with fresh_database() as dsn:
        million.prepare(dsn, scale.of(million.MERCHANTS))
        with psycopg.connect(dsn) as conn:
            conn.execute("UPDATE credit.subject SET good_until = %s WHERE id %% 25 = 0", [_DAY])
        settle(dsn)
        pool = open_pool(dsn)
        sweeper = Sweeper(pool, load_policies(POLICY_FOLDER), FixedClock(workload.NOW))
        began = time.perf_counter()
        assert sweeper.sweep_once() == due
        took = time.perf_counter() - began
        pool.close()
    return Outcome(took)


def _steeper(folder: Path) -> Path:
    """Write a draft; the one example that it changes is told anew."""
    text = _ACTIVE.read_text().replace("slope_millipoints = 250000", "slope_millipoints = 300000")
    text = text.replace('score_millipoints = 572000\ngrade = "B"', 'score_millipoints = 541400\ngrade = "CCC"')
    path = folder / "draft.toml"
    path.write_text(text.replace('version = "2026-1"', 'version = "draft"'))
    return path
