"""A back-test rates everybody by two policies and tells each move; a shadow writes scores that nobody is told."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.app import program
from services.common.clock import china_day
from services.common.errors import InvalidInput
from services.common.kernel.grade import Grade
from services.credit.config import POLICY_FOLDER
from services.credit.offline import backtest_draft, shadow
from tests.integration.credit.world import (
    CODE,
    NOW,
    OTHER,
    World,
    complaint,
    enterprise,
    told,
    violation,
    volume,
    world,
)

TEXT = (POLICY_FOLDER / "2026-1.toml").read_text()
DAY = china_day(NOW)


@pytest.fixture
def credit(dsn: str) -> Iterator[World]:
    with world(dsn) as made:
        made.tell(told(enterprise(), "e1"), told(enterprise(OTHER), "e2"), told(violation("v1"), "v1"))
        made.tell(*(told(complaint(f"c{n}"), f"c{n}") for n in range(3)), told(volume("2026-05", 900), "o1"))
        made.tell(told(violation("v2", code="91330100799655058B"), "waiting"))
        yield made


@pytest.fixture
def milder(tmp_path: Path) -> Path:
    """Return a draft in which an ordinary penalty costs a quarter; its examples say so."""
    text = TEXT.replace("ordinary_millipoints = -80000", "ordinary_millipoints = -20000")
    text = text.replace('score_millipoints = 660000\ngrade = "B"', 'score_millipoints = 720000\ngrade = "BB"')
    path = tmp_path / "draft.toml"
    path.write_text(text.replace('version = "2026-1"', 'version = "2026-2"'))
    return path


def test_the_policy_in_force_moves_nobody_against_itself(credit: World) -> None:
    found = backtest_draft(credit.dsn, POLICY_FOLDER / "2026-1.toml", DAY)
    assert (found.subjects, found.moved, found.position) == (2, 0, 8)
    assert found.movers == []


def test_each_move_is_told_with_the_rules_that_made_it(credit: World, milder: Path) -> None:
    found = backtest_draft(credit.dsn, milder, DAY)
    assert [(m.code, m.change, m.by_rule) for m in found.movers] == [(CODE, 60_000, {"penalty.ordinary": 60_000})]
    assert found.rules["penalty.ordinary"] == 1
    record = credit.record()
    assert record is not None
    assert found.movers[0].from_grade is Grade[record.grade]
    assert found.moved == int(found.movers[0].from_grade != found.movers[0].to_grade)


def test_a_draft_whose_example_fails_is_refused(credit: World, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(TEXT.replace("ordinary_millipoints = -80000", "ordinary_millipoints = -79999"))
    with pytest.raises(InvalidInput, match="example fails"):
        backtest_draft(credit.dsn, tmp_path / "bad.toml", DAY)


def test_a_shadow_writes_the_scores_that_the_records_have_and_publishes_nothing(credit: World) -> None:
    credit.clock.moment += timedelta(hours=1)
    before = credit.rows("SELECT count(*) FROM eventlog.message")
    assert shadow(credit.dsn, POLICY_FOLDER / "2026-1.toml", DAY) == 3
    rows = credit.rows(
        "SELECT code, w.grade, score, amounts FROM credit.shadow_score w JOIN credit.subject s ON s.id = w.subject_id"
    )
    record = credit.record()
    assert record is not None
    found = {code: (Grade(grade).name, score, amounts) for code, grade, score, amounts in rows}
    assert found[CODE][:2] == (record.grade, record.score_millipoints)
    assert sum(found[CODE][2]) == record.score_millipoints
    assert found["91330100799655058B"] == ("NR", None, None)
    assert credit.rows("SELECT count(*) FROM eventlog.message") == before


def test_the_command_prints_hashes_matrix_and_movers(credit: World, milder: Path) -> None:
    done = CliRunner().invoke(program(), ["backtest", str(milder), "--dsn", credit.dsn, "--day", str(DAY)])
    assert done.exit_code == 0, done.output
    assert "draft    2026-2  sha256 " in done.stdout
    assert f"{CODE}  " in done.stdout
    assert "penalty.ordinary +60" in done.stdout
