"""Bombing is bounded: whatever complaints come, in whatever number, order and time, they cost at most the policy's cap."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from hypothesis import given, settings, target
from hypothesis import strategies as st

from services.common.kernel.grade import Grade
from services.credit.domain import policy
from services.credit.domain.facts import Body, Complaint, Fact, Penalty, Registration, Volume
from services.credit.domain.rating import Rating, rate
from services.credit.domain.subject import SubjectState

POLICY = policy.load((Path(__file__).parents[3] / "services/credit/policies/2026-1.toml").read_text())
DAY = date(2026, 6, 15)
days = st.dates(date(2023, 1, 1), DAY)
attacks = st.lists(st.tuples(st.sampled_from([1, 2, 3, 4, 5, 6]), st.integers(0, 3), days), max_size=60)
own_facts = st.lists(
    st.builds(Volume, st.just(""), st.just("p"), days.map(lambda d: d.replace(day=1)), st.integers(0, 10**6))
    | st.builds(
        Penalty, st.just(""), st.sampled_from("xy"), st.integers(2, 6), st.integers(1, 3), *map(st.just, (0, 0)), days,
        *map(st.just, ("", "", "", False)),
    ),
    max_size=6,
)  # fmt: skip


def rated(bodies: Sequence[Body]) -> Rating:
    state = SubjectState()
    registration = Registration("", "", "", "", "", "", date(2015, 1, 1), 1, None, 1)
    for number, body in enumerate((registration, *bodies)):
        state.replace(None, Fact(str(number), 1, held=False, body=body))
    return rate([state], DAY, POLICY)[0]


def rate_line(rating: Rating) -> int:
    return sum(line.amount for line in rating.lines if line.rule_id.startswith("complaint."))


@settings(max_examples=400)
@given(own_facts, attacks, st.integers(1, 500))
def test_complaints_cost_at_most_the_relief_and_the_published_cap(
    own: list[Body], attack: list[tuple[int, int, date]], times: int
) -> None:
    """The search climbs towards the worst case; without volumes there is no relief to lose, so the cap alone is the bound."""
    before = rated(own)
    complaints = [
        Complaint("", str(n), 1, status, day, day, response, 0) for n, (status, response, day) in enumerate(attack)
    ]
    after = rated([*own, *(complaints * times)[:2000]])
    assert before.score is not None
    assert after.score is not None
    loss = before.score - after.score
    target(float(loss))
    assert loss <= max(rate_line(before), 0) + POLICY.complaint_cap
    assert rate_line(after) >= -POLICY.complaint_cap


def test_the_worst_case_reaches_the_bound_and_no_further() -> None:
    many = [Complaint("", str(n), 1, 5, DAY, DAY, 3, 0) for n in range(100_000)]
    before, after = rated([]), rated(many)
    assert (before.score or 0) - (after.score or 0) == POLICY.complaint_cap


def test_complaints_alone_never_bring_an_old_enterprise_below_ccc() -> None:
    many = [Complaint("", str(n), 1, 5, DAY, DAY, 3, 0) for n in range(1000)]
    assert rated(many).grade is Grade.CCC
