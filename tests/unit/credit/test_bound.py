"""Bombing is bounded: whatever k complainants do, in whatever number, order and time, they cost at most what the policy publishes."""

import random
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings, target
from hypothesis import strategies as st

from services.common.kernel.day import add_months
from services.common.kernel.grade import Grade
from services.credit.domain import bound, policy
from services.credit.domain.facts import Body, Complaint, Fact, Penalty, Registration, Volume
from services.credit.domain.judging import Judgement, Mark
from services.credit.domain.rating import Rating, rate
from services.credit.domain.subject import SubjectState

POLICY = policy.load((Path(__file__).parents[3] / "services/credit/policies/2026-1.toml").read_text())
DAY = date(2026, 6, 15)
days = st.dates(date(2023, 7, 1), DAY)
attacks = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from([1, 2, 3, 4, 5, 6]), st.integers(0, 3), days, st.integers(1, 70)),
    max_size=30,
)
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


def case(day: date, complainant: str = "", status: int = 5, response: int = 3) -> Complaint:
    return Complaint("", "", 1, status, day, day, response, 0, complainant=complainant)


def loss(own: Sequence[Body], attack: Sequence[Complaint]) -> int:
    before, after = rated(own), rated([*own, *attack])
    assert before.score is not None
    assert after.score is not None
    return before.score - after.score


def spread(count: int, complainants: int) -> list[Complaint]:
    """Return cases over three years, so evenly that no month of them is a burst."""
    return [case(add_months(DAY, -(n % 36)), f"c{n % complainants}") for n in range(count)]


@settings(max_examples=400)
@given(own_facts, attacks)
def test_complaints_cost_at_most_the_published_bounds(
    own: list[Body], attack: list[tuple[int, int, int, date, int]]
) -> None:
    """The search climbs towards the worst case."""
    cases = [case(day, f"c{who}", status, response) for who, status, response, day, n in attack for _ in range(n)]
    lost = loss(own, cases)
    target(float(lost))
    assert lost <= POLICY.bound
    assert lost <= bound.most_lost(POLICY, complainants=len({who for who, *_ in attack}), orders=0)


@pytest.mark.parametrize(("complainants", "orders"), [(1, 400_000), (3, 400_000), (10, 1_000_000), (40, 2_000_000)])
def test_climbing_finds_no_worse_case_than_k_complainants_are_allowed(complainants: int, orders: int) -> None:
    """Hill climbing over number, outcome, answer and month of each complainant's cases, from the obvious attack and at random."""
    own = [Volume("", "p", DAY.replace(day=1), orders)]
    worst = max(climb(own, complainants, random.Random(seed)) for seed in range(4))
    allowed = bound.most_lost(POLICY, complainants=complainants, orders=orders)
    sys.stdout.write(f"{complainants} complainants, {orders:,} orders: worst {worst}, bound {allowed} millipoints\n")
    assert 0 < worst <= allowed
    assert worst >= allowed * 8 // 10


def climb(own: Sequence[Body], complainants: int, rng: random.Random) -> int:
    """Return the worst loss found; every complainant's cases are (number, outcome, answer, months ago)."""
    obvious = rng.random() < 0.5
    plan = [(4, 5, 3, 0) if obvious else (rng.randrange(1, 9), 5, 3, rng.randrange(36)) for _ in range(complainants)]
    best = loss(own, cases_of(plan))
    for _ in range(100):
        tried = list(plan)
        for i in rng.sample(range(complainants), k=min(complainants, rng.randrange(1, 4))):
            tried[i] = (rng.choice([1, 2, 3, 4, 8, 16, 65]), rng.choice([4, 5]), rng.choice([1, 3]), rng.randrange(2))
        if (lost := loss(own, cases_of(tried))) >= best:
            plan, best = tried, lost
    return best


def cases_of(plan: Sequence[tuple[int, int, int, int]]) -> list[Complaint]:
    return [
        case(add_months(DAY, -ago), f"c{i}", outcome, answer)
        for i, (number, outcome, answer, ago) in enumerate(plan)
        for _ in range(number)
    ]


def test_the_worst_case_reaches_the_bound_and_no_further() -> None:
    assert loss([], spread(3600, 300)) == POLICY.complaint_cap
    volumes = [Volume("", "p", add_months(DAY.replace(day=1), -n), 10**8) for n in range(36)]
    assert loss(volumes, []) == 0
    assert loss([], [*volumes, *spread(36, 36)]) < 0


def test_complaints_alone_never_bring_an_old_enterprise_below_ccc() -> None:
    assert rated(spread(3600, 300)).grade is Grade.CCC


def test_one_complainant_with_ten_thousand_cases_weighs_nothing_and_with_eight_less_than_two() -> None:
    assert loss([], spread(10_000, 1)) == 0
    eight = [case(DAY, "a") for _ in range(8)]
    assert loss([], eight) <= loss([], [case(DAY, "a"), case(DAY, "b")])


@given(st.permutations([("a", 2), ("a", 1), ("b", 0), ("a", 33)]))
def test_what_a_case_weighs_does_not_depend_on_which_came_first(order: list[tuple[str, int]]) -> None:
    given_order = [case(add_months(DAY, -ago), who) for who, ago in order]
    sorted_order = [case(add_months(DAY, -ago), who) for who, ago in sorted(order)]
    assert rated(given_order).score == rated(sorted_order).score


def burst(judgement: int = 0, count: int = 40, day: date = DAY) -> list[Complaint]:
    return [case(day - timedelta(days=n % 14), f"x{n}")._replace(judgement=judgement) for n in range(count)]


def test_a_burst_weighs_nothing_until_it_is_reviewed_and_then_exactly_what_it_would_have() -> None:
    own = [case(add_months(DAY, -n), f"own{n}") for n in range(1, 8)]
    held, without = rated([*own, *burst()]), rated(own)
    assert (held.score, held.cases_under_review) == (without.score, 40)
    confirmed = rated([*own, *burst(Judgement.ABUSIVE)])
    assert (confirmed.score, confirmed.lines, confirmed.cases_under_review) == (without.score, without.lines, 0)
    unheard_of = policy.load(_without_bursts())
    state = SubjectState()
    for n, body in enumerate((Registration("", "", "", "", "", "", date(2015, 1, 1), 1, None, 1), *own, *burst())):
        state.replace(None, Fact(str(n), 1, held=False, body=body))
    cleared = rated([*own, *burst(Judgement.GENUINE)])
    assert (cleared.score, cleared.cases_under_review) == (rate([state], DAY, unheard_of)[0].score, 0)


def _without_bursts() -> str:
    text = (Path(__file__).parents[3] / "services/credit/policies/2026-1.toml").read_text().split("[[examples]]")
    kept = [part for part in text[1:] if "核查前" not in part]
    return "[[examples]]".join([text[0].replace("least_cases = 10", "least_cases = 1000000"), *kept])


def test_a_merchant_with_orders_or_a_history_to_match_has_no_burst() -> None:
    year = [case(add_months(DAY, -n), f"y{n}-{m}") for n in range(1, 13) for m in range(10)]
    assert rated([*year, *burst()]).cases_under_review == 0
    assert rated([Volume("", "p", DAY.replace(day=1), 10**6), *burst()]).cases_under_review == 0


def test_a_burst_is_no_history_for_the_next_one() -> None:
    before = burst(count=400, day=add_months(DAY, -1).replace(day=20))
    rating = rated([*before, *burst(count=60)])
    assert [b.unjudged for b in rating.under_review] == [400, 60]


def test_cases_of_a_marked_complainant_weigh_nothing_unless_found_genuine() -> None:
    marked = case(DAY, "a")._replace(mark=Mark.REPEAT)
    assert loss([], [marked]) == 0
    assert loss([], [marked._replace(mark=Mark.LIFTED)]) == loss([], [case(DAY, "a")]) > 0
    assert loss([], [marked._replace(judgement=Judgement.GENUINE)]) == loss([], [case(DAY, "a")])
