"""What the way back promises comes true when it is followed, fact by fact, through the fold of the ledger."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.common.kernel.day import add_months
from services.common.kernel.grade import Grade
from services.credit.domain import policy
from services.credit.domain.facts import (
    Assertion,
    Body,
    Complaint,
    DecisionState,
    Fact,
    Penalty,
    Registration,
    Volume,
    fact_id,
)
from services.credit.domain.folding import fold
from services.credit.domain.listed import Listed
from services.credit.domain.rating import Rating, rate
from services.credit.domain.subject import Sanction, SubjectState
from services.credit.domain.way_back import Step, StepKind, WayBack, earliest_repair, way_back

POLICY = policy.load((Path(__file__).parents[3] / "services/credit/policies/2026-1.toml").read_text())
CODE = "91520900MA6GN48P46"
DAY = date(2026, 6, 15)
REGISTRATION = Registration(CODE, "某某商贸有限公司", "", "520100", "", "", date(2021, 3, 1), 1, None, 1)
_event = count()

days = st.dates(date(2024, 1, 1), DAY)
complaints = st.builds(
    Complaint, st.just(CODE), st.sampled_from("abcdefgh"), st.just(1), st.sampled_from([2, 2, 4, 5]), days, days,
    st.integers(0, 3), st.just(0),
)  # fmt: skip
penalties = st.builds(
    Penalty, st.just(CODE), st.sampled_from("xyz"), st.integers(2, 6), st.integers(1, 3), st.just(500_000), st.just(0), days,
    *map(st.just, ("", "", "")), st.just(value=False),
)  # fmt: skip
volumes = st.builds(Volume, st.just(CODE), st.just("p1"), days.map(lambda d: d.replace(day=1)), st.integers(0, 30_000))
listings = st.builds(
    lambda name, since, lowers, months: Listed(
        CODE, name, "serious", "严重违法失信名单", since, add_months(since, 36), False, False, lowers,
        None if months is None else add_months(since, months), "", "", "", 1,
    ),
    st.sampled_from("lm"), days, st.booleans(), st.sampled_from([None, 0, 3, 12]),
)  # fmt: skip
lives = st.lists(complaints | penalties | penalties | volumes | listings, max_size=8)


class Ledger:
    """A merchant's accounts; its state is always folded anew from all of them."""

    def __init__(self, bodies: Sequence[Body]) -> None:
        self.accounts: dict[str, list[Assertion]] = {}
        for body in (REGISTRATION, *bodies):
            self.tell(body)

    def tell(self, body: Body) -> None:
        key = fact_id(body, "s")
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(_event))
        self.accounts.setdefault(key, []).append(Assertion(key, 1, moment, str(moment), held=False, body=body))

    def facts(self) -> Iterator[Fact]:
        return (fact for told in self.accounts.values() if (fact := fold(told)))

    def state(self) -> SubjectState:
        state = SubjectState()
        for fact in self.facts():
            state.replace(None, fact)
        return state

    def rating(self, day: date) -> Rating:
        return rate([self.state()], day, POLICY)[0]

    def follow(self, step: Step) -> None:
        """Take a step: tell what its office would tell."""
        if step.kind is StepKind.PERFORM:
            return
        if step.kind in {StepKind.REPAIR, StepKind.CURE}:
            found = next(fact.body for fact in self.facts() if fact.fact_id == step.fact_id)
            if isinstance(found, Listed):
                self.tell(found._replace(until=step.on, revision=found.revision + 1))
            else:
                assert isinstance(found, Penalty)
                self.tell(found._replace(state=DecisionState.REVOKED))
            return
        for fact in list(self.facts()):
            if isinstance(fact.body, Complaint) and fact.body.status == 2:
                status = 4 if step.kind is StepKind.SETTLE else 2
                self.tell(fact.body._replace(status=status, response=fact.body.response or 1))


def assert_reached_exactly(ledger: Ledger, goal: Grade, since: date, promised: date | None) -> None:
    """Look at the day itself, the day before, and days between, or far ahead when it never comes."""
    end = promised or since + timedelta(days=4500)
    before = {end - timedelta(days=n) for n in (1, 2, 15, 31, 100, 366)}
    assert all(ledger.rating(day).grade < goal for day in before if since <= day < end)
    if promised is not None:
        assert ledger.rating(promised).grade >= goal


def promise(bodies: Sequence[Body]) -> tuple[Ledger, WayBack]:
    ledger = Ledger(bodies)
    found = way_back(ledger.state(), DAY, POLICY)
    assume(found.grade not in {Grade.NR, Grade.AAA})
    return ledger, found


@settings(max_examples=60)
@given(lives)
def test_with_nothing_new_the_grade_comes_on_the_day_foretold(bodies: list[Body]) -> None:
    ledger, found = promise(bodies)
    assert_reached_exactly(ledger, found.goal, DAY, found.by_itself_on)


@settings(max_examples=60)
@given(lives)
def test_each_step_followed_alone_brings_what_it_promised(bodies: list[Body]) -> None:
    _, found = promise(bodies)
    for step in found.steps:
        followed = Ledger(bodies)
        followed.follow(step)
        after = followed.rating(step.on)
        assert (after.score, after.grade) == (step.score, step.grade), step
        if found.by_itself_on is None or found.by_itself_on >= step.on:
            assert_reached_exactly(followed, found.goal, step.on, step.goal_on)


@settings(max_examples=60)
@given(lives)
def test_all_steps_followed_reach_the_goal_on_the_day_foretold(bodies: list[Body]) -> None:
    ledger, found = promise(bodies)
    for step in sorted(found.steps, key=lambda step: step.on):
        if found.with_all_on is not None and step.on > found.with_all_on:
            break
        ledger.follow(step)
    if found.with_all_on is not None:
        assert ledger.rating(found.with_all_on).grade >= found.goal
    else:
        assert ledger.rating(DAY + timedelta(days=4500)).grade < found.goal


def test_a_penalised_merchant_is_told_both_ways() -> None:
    penalty = Penalty(CODE, "x", 2, 2, 500_000, 0, date(2026, 5, 20), "", "", "")
    found = way_back(Ledger([penalty]).state(), DAY, POLICY)
    assert (found.grade, found.goal, found.by_itself_on) == (Grade.B, Grade.BB, date(2027, 5, 20))
    assert [(step.kind, step.on, step.goal_on) for step in found.steps] == [
        (StepKind.PERFORM, DAY, date(2027, 5, 20)),
        (StepKind.REPAIR, date(2026, 8, 20), date(2026, 8, 20)),
    ]


@pytest.mark.parametrize(
    ("decided", "kind", "severity", "earliest"),
    [
        (date(2026, 4, 1), 2, 1, date(2026, 4, 1)),
        (date(2026, 4, 1), 4, 3, date(2027, 4, 1)),
        (date(2026, 3, 31), 2, 3, date(2026, 9, 30)),
        (date(2026, 3, 31), 4, 3, None),
    ],
)
def test_the_earliest_repair_follows_the_rule_in_force_at_the_decision(
    decided: date, kind: int, severity: int, earliest: date | None
) -> None:
    sanction = Sanction(decided, "f", 1, severity, kind, 0, date.max, True, "", "", "")
    assert earliest_repair(sanction) == earliest
