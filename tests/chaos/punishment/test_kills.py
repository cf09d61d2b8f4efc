"""Listings are decided and ended while every kind of process and the database are killed.

`make chaos` does so for 40 minutes, with the topics on a real broker, which is killed too.

The long run's size is set by CHAOS_SECONDS, CHAOS_LISTINGS and CHAOS_SEED; its result is added to var/chaos/punishment.jsonl.
"""

import os
from pathlib import Path

import pytest

from tests.chaos.punishment.run import Result, Size, keep, next_seed, run, summary


def _size(*, is_long: bool) -> Size:
    if not is_long:
        return Size(seed=1, seconds=120.0, listings=360)
    given = os.environ.get
    return Size(
        seed=int(given("CHAOS_SEED", str(next_seed()))),
        seconds=float(given("CHAOS_SECONDS", "2400")),
        listings=int(given("CHAOS_LISTINGS", "10000")),
        with_kafka=True,
    )


@pytest.mark.timeout(7200)  # the long run kills for 40 minutes, and waits for the slow departments
def test_nothing_is_lost_doubled_or_swapped(tmp_path: Path, *, is_long: bool) -> None:
    result = run(tmp_path, _size(is_long=is_long))
    if is_long:
        keep(result)
    assert result.faults == []
    assert result.listed > 0
    assert result.departments > 0
    assert result.delivered > 0
    assert set(result.killed) >= {"server", "worker", "sequencer", "sender", "department", "database"}


def test_the_sum_tells_what_is_still_wanted(tmp_path: Path) -> None:
    ledger, size = tmp_path / "chaos" / "sum.jsonl", Size(seed=7, seconds=1, listings=1)
    assert next_seed(ledger) == 1
    keep(Result(size=size, began="", listed=3, killed={"server": 4}), ledger)
    keep(Result(size=size, began="", listed=2, killed={"server": 5}, faults=["swapped"]), ledger)
    said = summary(ledger)
    assert "2 runs, seeds [7]: 5 listings" in said
    assert "killed     9 of 200" in said
    assert "FAULT swapped" in said
    assert next_seed(ledger) == 3
