"""The credit worker dies at every moment of a batch and at random ones; what it leaves is what an undisturbed run leaves."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.port import Message
from services.common.eventlog.sequencer import Sequencer
from tests.chaos.outcome import outcome
from tests.chaos.processes import die, die_again_and_again, each_moment, offsets
from tests.chaos.stream import waves
from tests.chaos.worker_process import Job, work
from tests.integration.credit.world import NOW, world

#: What a batch says to PostgreSQL, by the beginnings of its statements; each must have been somebody's last words.
BATCH = (
    "INSERT INTO credit.inbox",
    "SELECT source, event_id, digest FROM credit.inbox",
    "SELECT fact_id FROM credit.fact",
    "SELECT fact_id, authority",
    "SELECT code FROM credit.subject",
    "SELECT id, code, known",
    "COPY ended",
    "SELECT fact_id, wrapped",
    "INSERT INTO credit.case_key",
    "INSERT INTO credit.vault",
    "UPDATE credit.fact",
    "INSERT INTO credit.fact",
    "UPDATE credit.inbox",
    "UPDATE credit.subject",
    "WITH given",
    "WITH said",
    "INSERT INTO eventlog.group_offset",
    "COMMIT sent",
    "COMMIT acknowledged",
    "transaction ended",
)
FreshDsn = Callable[[str], str]


def arrive(dsn: str, messages: list[Message]) -> None:
    log = FeedsEventLog(dsn)
    log.publish(messages)
    log.close()
    Sequencer(dsn).sequence_once()


def undisturbed(dsn: str, seed: int) -> dict[str, Any]:
    with world(dsn) as credit:
        for wave in waves(seed):
            credit.tell(*wave)
    return outcome(dsn)


@pytest.fixture(scope="module")
def wanted(fresh_dsn: FreshDsn) -> Callable[[int], dict[str, Any]]:
    known: dict[int, dict[str, Any]] = {}

    def of(seed: int) -> dict[str, Any]:
        if seed not in known:
            known[seed] = undisturbed(fresh_dsn(f"undisturbed_{seed}"), seed)
        return known[seed]

    return of


def assert_same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    for what, value in wanted.items():
        assert found[what] == value, what


def test_death_at_each_moment_of_a_batch(dsn: str, tmp_path: Path, wanted: Any, *, is_long: bool) -> None:
    job = Job(dsn=dsn, now=NOW, last_words=tmp_path / "last", max_records=15 if is_long else 60)
    first, second, third = waves(1)
    arrive(dsn, first)
    assert not die(work, job)
    arrive(dsn, second)
    said = die_again_and_again(work, job, each_moment(lambda: offsets(dsn)))
    assert [begin for begin in BATCH if not any(words.startswith(begin) for words in said)] == []
    arrive(dsn, third)
    assert not die(work, job)
    assert_same(outcome(dsn), wanted(1))


def seeds(metafunc: pytest.Metafunc) -> range:
    return range(2, 22) if metafunc.config.getoption("--long") else range(2, 3)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", seeds(metafunc))


def any_moment(rng: random.Random, deaths: int) -> Iterator[int]:
    for _ in range(deaths):
        yield rng.randrange(1, 120)


def test_death_at_random_moments(dsn: str, tmp_path: Path, wanted: Any, seed: int) -> None:
    rng = random.Random(seed)
    job = Job(dsn=dsn, now=NOW, last_words=tmp_path / "last", max_records=rng.randrange(5, 20))
    for wave in waves(seed):
        arrive(dsn, wave)
        die_again_and_again(work, job, any_moment(rng, deaths=4))
    assert_same(outcome(dsn), wanted(seed))
