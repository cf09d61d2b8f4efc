"""An evaluation counts facts before the day only, weighs nothing itself, and its AUC is the share of pairs put right."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.cli.app import program
from services.common.errors import InvalidInput
from services.common.kernel.grade import Grade
from services.credit.adapters.evaluation_files import find_mapping, read_rows
from services.credit.application.evaluate import Evaluation, RowFile, evaluate
from services.credit.config import MAPPING_FOLDER, POLICY_FOLDER
from services.credit.domain import evaluation, evaluation_mapping, policy

POLICY = policy.load((POLICY_FOLDER / "2026-1.toml").read_text())
TEXT = (MAPPING_FOLDER / "chicago.toml").read_text()
MAPPING = evaluation_mapping.load(TEXT)
AS_OF = date(2014, 1, 1)
FACTS = ("license", "date", "is_complaint")
OUTCOMES = ("license", "date", "type", "result", "critical", "minor")


def visit(who: str, day: str, is_complaint: str = "1") -> Mapping[str, str]:
    return dict(zip(FACTS, (who, day, is_complaint), strict=True))


def result(who: str, day: str, critical: int = 0, told: str = "Pass", kind: str = "Canvass") -> Mapping[str, str]:
    return dict(zip(OUTCOMES, (who, day, kind, told, str(critical), "2"), strict=True))


#: Two that are well, two that are not: told apart by what is dated before the day.
VISITS = [visit("bad", "2013-11-02"), visit("worse", "2013-12-30"), visit("good", "2013-10-01", "0")]
RESULTS = [
    *(result(who, "2013-03-05", critical) for who, critical in (("good", 0), ("fine", 0), ("bad", 0), ("worse", 2))),
    *(result(who, "2014-05-05", critical) for who, critical in (("good", 0), ("fine", 0), ("bad", 1), ("worse", 3))),
]


def run(visits: Sequence[Mapping[str, str]] = VISITS, results: Sequence[Mapping[str, str]] = RESULTS) -> Evaluation:
    return evaluate(RowFile(FACTS, visits), RowFile(OUTCOMES, results), AS_OF, MAPPING, POLICY)


def test_who_was_complained_about_ranks_below_who_was_not() -> None:
    found = run()
    assert (found.subjects, found.positive, found.facts) == (4, 2, 3)
    assert found.comparison.auc.value == 1.0
    assert found.policy_digest == POLICY.digest


def test_what_is_dated_from_the_day_on_is_no_fact() -> None:
    later = [visit("good", "2014-01-01"), visit("fine", "2014-02-01"), visit("good", "2013-12-31", "0")]
    assert run([*VISITS, *later]) == run()


def test_the_first_foretold_row_is_the_outcome_whatever_the_order_of_rows() -> None:
    more = [result("good", "2014-07-01", 5), result("fine", "2014-02-01", 4, kind="Complaint")]
    assert run(results=[*more, *RESULTS[::-1]]).positive == run().positive


def test_a_file_without_optional_columns_is_evaluated_without_their_rules() -> None:
    lean = [{key: value for key, value in row.items() if key not in {"minor", "result"}} for row in RESULTS]
    columns = tuple(lean[0])
    found = evaluate(RowFile(FACTS, VISITS), RowFile(columns, lean), AS_OF, MAPPING, POLICY)
    assert found.comparison.auc.value == 1.0


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ([{**RESULTS[0], "critical": "many"}, *RESULTS[1:]], "critical"),
        ([{**RESULTS[0], "date": "05/05/2014"}, *RESULTS[1:]], "outcomes.date"),
        (RESULTS[:6], "outcome and subjects without"),
    ],
)
def test_a_value_that_cannot_be_read_is_named(results: Sequence[Mapping[str, str]], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        run(results=results)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schema = 1", "schema = 2", "schema"),
        ('severity = "SERIOUS"', 'severity = "DEADLY"', "DEADLY"),
        ('kind = "EXPOSURE"', 'kind = "EXPOSURE"\nweight = 3', "weight"),
        ("[label]", "[lable]", "label"),
    ],
)
def test_a_mapping_with_a_fault_is_refused_by_name(old: str, new: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        evaluation_mapping.load(TEXT.replace(old, new, 1))


def test_files_that_no_shipped_mapping_fits_are_refused() -> None:
    strange = RowFile(("shop", "when"), [])
    with pytest.raises(InvalidInput, match="--mapping"):
        find_mapping(None, MAPPING_FOLDER, strange, strange)
    assert find_mapping(None, MAPPING_FOLDER, RowFile(FACTS, []), RowFile(OUTCOMES, [])) == MAPPING


@pytest.mark.parametrize(("text", "said"), [("license,date\n", "no row"), ("a,b\n1\n", "other columns")])
def test_a_broken_file_is_refused_with_its_name(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "f.csv").write_text(text)
    with pytest.raises(InvalidInput, match=said):
        list(read_rows(tmp_path / "f.csv", "--facts").rows)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=40))
def test_the_auc_is_the_share_of_pairs_put_right(pairs: list[tuple[int, bool]]) -> None:
    up = [risk for risk, positive in pairs if positive]
    down = [risk for risk, positive in pairs if not positive]
    risks, positive = np.array([r for r, _ in pairs], dtype=float), np.array([p for _, p in pairs])
    if not up or not down:
        with pytest.raises(InvalidInput):
            evaluation.auc(risks, positive)
        return
    wanted = sum((a > b) + (a == b) / 2 for a in up for b in down) / (len(up) * len(down))
    assert evaluation.auc(risks, positive) == pytest.approx(wanted)


def test_a_risk_is_not_above_itself() -> None:
    rng = np.random.default_rng(7)
    risk, positive = rng.random(300), rng.random(300) < 0.3
    found = evaluation.compare(risk, risk, positive)
    assert (found.difference.value, found.difference.low, found.difference.high) == (0, 0, 0)
    assert found.auc.low < found.auc.value < found.auc.high


def test_grades_are_told_from_the_best_to_the_worst_and_unrated_last() -> None:
    grades = [Grade.D, Grade.AAA, Grade.NR, Grade.D]
    positive = np.array([True, False, True, False])
    assert [(g.name, g.subjects, g.share.value) for g in evaluation.by_grade(grades, positive)] == [
        ("AAA", 1, 0), ("D", 2, 0.5), ("NR", 1, 1),
    ]  # fmt: skip
    assert [(c.name, c.subjects, c.positive) for c in evaluation.by_class(grades, positive)] == [
        ("AAA-A", 1, 0), ("CC-D", 2, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("subjects", "positive", "low", "high"),
    # Newcombe 1998, table I, method 3; a share of nothing has a bound above nothing
    [(263, 81, 0.2553, 0.3662), (148, 15, 0.0624, 0.1605), (20, 0, 0.0, 0.1611)],
)
def test_a_share_has_the_bounds_of_wilson(subjects: int, positive: int, low: float, high: float) -> None:
    share = evaluation.GradeOutcome("C", subjects, positive).share
    assert (share.low, share.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_the_command_prints_the_hash_of_the_policy_file(tmp_path: Path) -> None:
    for name, columns, rows in (("facts", FACTS, VISITS), ("outcomes", OUTCOMES, RESULTS)):
        lines = [",".join(columns), *(",".join(row.values()) for row in rows)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    paths = [f"--{name}={tmp_path / name}.csv" for name in ("facts", "outcomes")]
    text = CliRunner().invoke(program(), ["evaluate", *paths, "--as-of=2014-01-01"], catch_exceptions=False).stdout
    assert f"sha256 {POLICY.digest}" in text
    told = CliRunner().invoke(program(), ["evaluate", *paths, "--as-of=2014-01-01", "--json"], catch_exceptions=False)
    plain = orjson.loads(told.stdout)
    assert plain["auc"]["value"] == 1.0
    assert sum(grade["subjects"] for grade in plain["grades"]) == 4
    assert all(one["share"]["low"] <= one["share"]["value"] <= one["share"]["high"] for one in plain["classes"])
