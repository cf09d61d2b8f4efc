"""What is published of a penalty and how long, on both sides of the day on which NDRC Order 36 took over from SAMR Order 45."""

from datetime import date

import pytest

from services.credit.adapters.policy_files import load_policies
from services.credit.config import POLICY_FOLDER
from services.credit.domain import cells
from services.credit.domain.facts import Fact, Penalty, Registration
from services.credit.domain.publicity import PenaltyKind, Severity, regime, severity_of, window_end
from services.credit.domain.rating import rate
from services.credit.domain.subject import SubjectState

BEFORE, SWITCH = date(2026, 3, 31), date(2026, 4, 1)
YUAN = 100


def penalty(kind: PenaltyKind, decided_on: date, *, severity: int = 0, fine: int = 0, confiscated: int = 0) -> Penalty:
    return Penalty("", "1", kind, severity, fine, confiscated, decided_on, "", "", "")


@pytest.mark.parametrize(
    ("decided_on", "ends"),
    [
        # Order 45, art. 13: three months for a small fine, else three years.
        (BEFORE, {1: date(2026, 6, 30), 2: date(2029, 3, 31), 3: date(2029, 3, 31)}),
        # Order 36: minor three months, ordinary one year, serious three years at most, from the date of the document.
        (SWITCH, {1: date(2026, 7, 1), 2: date(2027, 4, 1), 3: date(2029, 4, 1)}),
    ],
)
def test_the_window_is_that_of_the_rule_on_the_day_of_the_decision(decided_on: date, ends: dict[int, date]) -> None:
    assert {severity: window_end(severity, decided_on) for severity in (1, 2, 3)} == ends


def test_the_rule_changes_with_the_first_of_april() -> None:
    assert ("Order 45" in regime(BEFORE).name, "Order 36" in regime(SWITCH).name) == (True, True)


@pytest.mark.parametrize("decided_on", [BEFORE, SWITCH])
@pytest.mark.parametrize(
    ("kind", "fine", "confiscated", "wanted"),
    [
        (PenaltyKind.WARNING, 0, 0, Severity.MINOR),
        (PenaltyKind.CRITICISM, 0, 0, Severity.MINOR),
        # The summary procedure: fines of organisations up to 3,000 yuan (Administrative Penalty Law art. 51) ...
        (PenaltyKind.FINE, 3_000 * YUAN, 0, Severity.MINOR),
        (PenaltyKind.FINE, 3_000 * YUAN + 1, 0, Severity.ORDINARY),
        # ... and no confiscation, however small.
        (PenaltyKind.FINE, 1_000 * YUAN, 50_000 * YUAN, Severity.SERIOUS),
        (PenaltyKind.CONFISCATION, 0, 1, Severity.ORDINARY),
        (PenaltyKind.FINE, 50_000 * YUAN, 0, Severity.SERIOUS),
        (PenaltyKind.LICENCE, 0, 0, Severity.SERIOUS),
        (PenaltyKind.RESTRICTION, 0, 0, Severity.SERIOUS),
        (PenaltyKind.OTHER, 0, 0, Severity.ORDINARY),
    ],
)
def test_without_a_class_kind_and_money_decide(
    decided_on: date, kind: PenaltyKind, fine: int, confiscated: int, wanted: Severity
) -> None:
    assert penalty(kind, decided_on, fine=fine, confiscated=confiscated).severity_class is wanted
    assert severity_of(Severity.SERIOUS, kind, 0) is Severity.SERIOUS


@pytest.mark.parametrize(
    ("kind", "fine", "published"),
    [
        (PenaltyKind.WARNING, 0, (False, False)),
        # Order 45, art. 13 gives mere criticism three months; by Order 36 it is minor, not published in principle.
        (PenaltyKind.CRITICISM, 0, (True, False)),
        (PenaltyKind.WARNING, 500 * YUAN, (True, True)),
        (PenaltyKind.FINE, 500 * YUAN, (True, True)),
    ],
)
def test_a_mere_reproof_is_not_published_and_weighs_nothing(
    kind: PenaltyKind, fine: int, published: tuple[bool, bool]
) -> None:
    for decided_on, is_published in zip((BEFORE, SWITCH), published, strict=True):
        body = penalty(kind, decided_on, fine=fine)
        assert body.is_published is is_published
        fact = Fact("penalty:1", 1, held=False, body=body)
        assert bool(cells.cells_of(fact)) is is_published
        assert {"penalty.minor"} & lines(fact) == ({"penalty.minor"} if is_published else set())


def lines(fact: Fact) -> set[str]:
    """Return the rules that a rating names on the day of a penalty; an old enterprise without anything else."""
    state = SubjectState()
    state.registration = Registration("", "", "", "", "", "", date(2010, 1, 1), 1, None, 1)
    state.replace(None, fact)
    policy = load_policies(POLICY_FOLDER).on(fact.occurred_on)
    return {line.rule_id for line in rate([state], fact.occurred_on, policy)[0].lines}
