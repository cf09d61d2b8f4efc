"""A trigger counts penalties in force within its months, and names the newest as evidence."""

from datetime import date, timedelta

from services.credit.domain.facts import DecisionState, Penalty
from services.credit.domain.publicity import PenaltyKind, Severity
from services.credit.domain.punishment.trigger import MAX_EVIDENCE, Watch, find

DAY, WATCH = date(2026, 6, 15), Watch(3, 12)


def penalty(days_ago: int, *, severity: int = 2, state: int = 0) -> Penalty:
    return Penalty("c", "d", PenaltyKind.FINE, severity, 1, 0, DAY - timedelta(days_ago), "t", "a", "b", state)


def test_three_within_a_year_are_enough_and_two_are_not() -> None:
    told = {"a": penalty(10), "b": penalty(100, severity=3), "c": penalty(365)}
    found = find(WATCH, told, DAY)
    assert found is not None
    assert found == (("a", "b", "c"), Severity.SERIOUS)
    assert find(WATCH, {**told, "c": penalty(366)}, DAY) is None
    assert find(WATCH, {**told, "b": penalty(100, state=DecisionState.REVOKED)}, DAY) is None
    assert find(WATCH, {**told, "a": penalty(-1)}, DAY) is None


def test_the_newest_are_the_evidence() -> None:
    found = find(WATCH, {f"f{n:02d}": penalty(n) for n in range(50)}, DAY)
    assert found is not None
    assert found.fact_ids == tuple(f"f{n:02d}" for n in range(MAX_EVIDENCE))
