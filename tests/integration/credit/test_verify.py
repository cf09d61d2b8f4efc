"""verify-scores finds nothing after the worker's runs, and each altered row by name."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from typer.testing import CliRunner

from services.cli.app import program
from services.credit.offline import VerifyScores, mend_scores
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

pytestmark = pytest.mark.both_majors

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def credit(dsn: str) -> Iterator[World]:
    """Return a ledger with two merchants, a case that moved, corrections, a waiting code, and a month's turn."""
    with world(dsn) as made:
        made.tell(told(enterprise(), "e1"), told(enterprise(OTHER, established_on="2025-11-20"), "e2"))
        made.tell(*(told(complaint(f"c{n}", received_on=f"2026-0{n % 5 + 1}-11"), f"c{n}") for n in range(25)))
        made.tell(
            told(complaint("c3", code=OTHER), "c3-moved", at=LATER), told(complaint("c4", status=6), "c4-w", at=LATER)
        )
        made.tell(told(violation("v1"), "v1"), told(volume("2026-05", 8000), "o1", source="//platform.p1"))
        made.tell(told(violation("v2", code="91330100799655058B"), "waiting"))
        made.clock.moment += timedelta(days=40)
        made.sweeper.sweep_once()
        yield made


def differences(credit: World) -> list[tuple[str, str]]:
    return [(found.code, found.what) for found in VerifyScores(credit.dsn).differences()]


def alter(credit: World, statement: str, *parameters: object) -> None:
    with psycopg.connect(credit.dsn) as conn:
        assert conn.execute(statement, parameters).rowcount == 1


def test_nothing_differs_after_a_run(credit: World) -> None:
    verification = VerifyScores(credit.dsn)
    assert list(verification.differences()) == []
    assert verification.counts == {"subjects": 3, "accounts": 32, "scores": 2}


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE credit.subject SET cells = set_byte(cells, 8, 9) WHERE code = %s", {"cells"}),
        ("UPDATE credit.subject SET detail = replace(detail, 'c24', 'c99') WHERE code = %s", {"state.cases"}),
        ("UPDATE credit.subject SET detail = 'x' WHERE code = %s", {"state"}),
        ("UPDATE credit.subject SET seq = 3 WHERE code = %s", {"seq", "revision", "record"}),
        ("UPDATE credit.subject SET grade = 10 WHERE code = %s", {"subject.grade"}),
        ("UPDATE credit.subject SET good_until = NULL WHERE code = %s", {"subject.good_until"}),
        ("UPDATE credit.public_record SET record = 'x' WHERE code = %s", {"record"}),
        ("DELETE FROM credit.public_record WHERE code = %s", {"record"}),
        ("UPDATE credit.public_record SET revision = revision + 1 WHERE code = %s", {"record_revision", "restricted_record"}),
        (("UPDATE credit.record_revision v SET record = 'x' FROM credit.public_record p"
         " WHERE p.code = v.code AND p.revision = v.revision AND p.code = %s"), {"record_revision"}),
        (("UPDATE credit.fact f SET subject_id = 0 FROM credit.subject s"
         " WHERE s.id = f.subject_id AND s.code = %s AND fact_id LIKE '%%v1'"), {"cells"}),
        ("UPDATE credit.restricted_record SET record = '' WHERE code = %s", {"restricted_record"}),
        ("DELETE FROM credit.assertion WHERE code = %s AND fact_id LIKE '%%:c7'", {"cells", "state.case_count", "lines"}),
        ("DELETE FROM credit.fact f USING credit.subject s WHERE s.id = f.subject_id AND s.code = %s AND fact_id LIKE '%%v1'", {"cells"}),
    ],
)  # fmt: skip
def test_an_altered_row_is_found_and_named(credit: World, statement: str, named: set[str]) -> None:
    alter(credit, statement, CODE)
    found = list(VerifyScores(credit.dsn).differences())
    assert named <= {one.what for one in found}
    mend_scores(credit.dsn, found, credit.clock)
    assert differences(credit) == []


def test_mending_publishes_what_the_ledger_says(credit: World) -> None:
    """A new revision, with the score that was; the accounts are as before; and what comes later goes on from there."""
    before, accounts = credit.record(), credit.rows("SELECT * FROM credit.assertion ORDER BY source, event_id")
    alter(credit, "UPDATE credit.subject SET cells = '', detail = '' WHERE code = %s", CODE)
    assert before is not None
    assert mend_scores(credit.dsn, list(VerifyScores(credit.dsn).differences()), credit.clock) == 1
    after = credit.record()
    assert after is not None
    assert after.revision > before.revision
    assert (after.score_millipoints, after.contributions) == (before.score_millipoints, before.contributions)
    assert credit.rows("SELECT * FROM credit.assertion ORDER BY source, event_id") == accounts
    credit.tell(told(violation("v9"), "v9"))
    assert differences(credit) == []


def test_a_score_altered_on_the_record_is_named_with_both_values(credit: World) -> None:
    record = credit.record()
    assert record is not None
    record.score_millipoints += 1000
    alter(credit, "UPDATE credit.public_record SET record = %s WHERE code = %s", record.SerializeToString(), CODE)
    found = {d.what: (d.kept, d.recomputed) for d in VerifyScores(credit.dsn).differences()}
    assert found["score"] == (str(record.score_millipoints), str(record.score_millipoints - 1000))
    assert set(found) == {"score", "record"}


def test_a_contribution_altered_on_the_record_is_named_though_its_score_still_adds_up(credit: World) -> None:
    record = credit.record()
    assert record is not None
    first, second = record.contributions[:2]
    first.amount_millipoints += 1000
    second.amount_millipoints -= 1000
    alter(credit, "UPDATE credit.public_record SET record = %s WHERE code = %s", record.SerializeToString(), CODE)
    assert {what for _, what in differences(credit)} == {"lines", "record"}


def test_the_command_exits_with_one_when_something_differs(credit: World) -> None:
    arguments = ["verify-scores", "--dsn", credit.dsn]
    well = CliRunner().invoke(program(), arguments)
    assert (well.exit_code, well.stdout) == (0, "2 scores of 3 subjects recomputed from 32 accounts: 0 differences\n")
    alter(credit, "UPDATE credit.subject SET grade = 10 WHERE code = %s", CODE)
    ill = CliRunner().invoke(program(), arguments)
    assert ill.exit_code == 1
    assert f"{CODE}  subject.grade: kept AAA" in ill.stdout
    mended = CliRunner().invoke(program(), [*arguments, "--mend"])
    assert mended.exit_code == 0
    assert mended.stdout.splitlines()[-2:] == ["1 enterprises written anew", well.stdout.strip()]
