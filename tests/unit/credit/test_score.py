"""The score is a pure function of facts and day: any order of arrival gives the same bytes, and the lines sum up."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.kernel.grade import Grade
from services.credit.domain import cells, examples, explain, grading, policy, population, publicity, scorer
from services.credit.domain.facts import Assertion, Body, Complaint, Fact, Penalty, Registration, Volume, fact_id
from services.credit.domain.folding import fold
from services.credit.domain.rating import Rating, rate
from services.credit.domain.scorer import RULES
from services.credit.domain.subject import NEWEST, Case, SubjectState

TEXT = (Path(__file__).parents[3] / "services/credit/policies/2026-1.toml").read_text()
POLICY = policy.load(TEXT)
CODE = "91520900MA6GN48P46"
DAY = date(2026, 6, 15)

days = st.dates(date(2022, 1, 1), date(2026, 6, 30))
registrations = st.builds(
    Registration,
    *map(st.just, (CODE, "某某商贸有限公司", "", "520100", "", "")),
    st.none() | st.dates(date(1990, 1, 1), date(2026, 6, 1)),
    st.integers(1, 7),
    st.none(),
    st.integers(1, 3),
)
complaints = st.builds(
    Complaint, st.just(CODE), st.sampled_from("abcdefghij"), st.just(1), st.integers(1, 6), days, days,
    st.integers(0, 3), st.integers(0, 8), complainant=st.sampled_from(["", "a", "b"]), judgement=st.integers(0, 2),
    mark=st.sampled_from([0, 0, 0, 1, 3]),
)  # fmt: skip
penalties = st.builds(
    Penalty, st.just(CODE), st.sampled_from("xyz"), st.integers(1, 7), st.integers(0, 3),
    st.none() | st.integers(0, 10_000_000), st.none() | st.just(0), days, *map(st.just, ("", "", "")), st.integers(0, 3),
)  # fmt: skip
volumes = st.builds(
    Volume, st.just(CODE), st.sampled_from(["p1", "p2"]), days.map(lambda d: d.replace(day=1)), st.integers(0, 100_000)
)
bodies = registrations | complaints | penalties | volumes
moments = st.datetimes(datetime(2024, 1, 1), datetime(2026, 6, 30)).map(lambda m: m.replace(tzinfo=UTC))


@st.composite
def histories(draw: st.DrawFn) -> list[Assertion]:
    told = draw(st.lists(st.tuples(bodies, moments, st.integers(1, 3)), max_size=25))
    return [
        Assertion(fact_id(body, "s"), authority, moment, f"e{i}", held=False, body=body)
        for i, (body, moment, authority) in enumerate(told)
    ]


def apply(assertions: list[Assertion]) -> SubjectState:
    """Apply one event after the other, as the worker does: fold, replace, refill from the ledger."""
    ledger: dict[str, dict[str, Assertion]] = {}
    state = SubjectState()
    for assertion in assertions:
        known = ledger.setdefault(assertion.fact_id, {})
        if assertion.event_id in known:
            continue
        old = fold(known.values())
        known[assertion.event_id] = assertion
        state.replace(old, fold(known.values()))
        if state.needs_refill:
            state.refill([case_of(f) for k in ledger.values() if (f := fold(k.values())) and is_case(f)])
    return state


def facts_of(told: list[Assertion]) -> list[Fact]:
    """Return the facts of a history, folded from nothing."""
    accounts: dict[str, dict[str, Assertion]] = {}
    for assertion in told:
        accounts.setdefault(assertion.fact_id, {}).setdefault(assertion.event_id, assertion)
    return [fact for known in accounts.values() if (fact := fold(known.values()))]


def is_case(fact: Fact) -> bool:
    return isinstance(fact.body, Complaint) and bool(cells.cells_of(fact))


def case_of(fact: Fact) -> Case:
    body = fact.body
    assert isinstance(body, Complaint)
    return Case(body.received_on, fact.fact_id, body.status, body.response, body.problem_type, int(body.is_genuine))


@settings(max_examples=200)
@given(histories(), st.randoms())
def test_any_order_with_duplicates_gives_the_same_state_and_rating(told: list[Assertion], random: object) -> None:
    first = apply(told)
    shuffled = [*told, *told[:5]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    second = apply(shuffled)
    assert cells.pack(first.cells) == cells.pack(second.cells)
    assert first.to_detail() == second.to_detail()
    assert first.cells == cells.sum_of(facts_of(told))
    assert rate([first], DAY, POLICY) == rate([second], DAY, POLICY)


@given(histories(), days)
def test_the_lines_sum_to_the_score_exactly(told: list[Assertion], day: date) -> None:
    rating = rate([apply(told)], day, POLICY)[0]
    if rating.score is None:
        assert rating.grade is Grade.NR
        assert rating.lines == ()
    else:
        assert sum(line.amount for line in rating.lines) == rating.score
        assert 0 <= rating.score <= 1_000_000


def essence(rating: Rating) -> object:
    return rating.score, rating.grade, [(line.rule_id, line.amount, line.fact_count) for line in rating.lines]


@settings(max_examples=150)
@given(histories(), days)
def test_nothing_changes_before_the_day_it_is_said_to_change(told: list[Assertion], day: date) -> None:
    state = apply(told)
    rating = rate([state], day, POLICY)[0]
    end = rating.next_change_on or day + timedelta(days=800)
    probe = {day + timedelta(days=n) for n in (1, 13, 29, 62, 200, 400)} | {end - timedelta(days=1)}
    for later in sorted(d for d in probe if day < d < end):
        assert essence(rate([state], later, POLICY)[0]) == essence(rating), later


@given(st.lists(histories(), min_size=2, max_size=5))
def test_one_merchant_and_many_are_scored_alike(several: list[list[Assertion]]) -> None:
    states = [apply(told) for told in several]
    assert rate(states, DAY, POLICY) == [rate([state], DAY, POLICY)[0] for state in states]


@given(st.lists(histories(), min_size=1, max_size=5), days)
def test_grades_over_columns_are_the_grades_of_each(several: list[list[Assertion]], day: date) -> None:
    states = [apply(told) for told in several]
    columns = population.columns([population.Entry(s.registration, cells.pack(s.cells)) for s in states])
    scores, grades = grading.rate_all(columns, day, POLICY)
    ratings = rate(states, day, POLICY)
    assert grades.tolist() == [int(rating.grade) for rating in ratings]
    assert [int(s) for s, r in zip(scores.score, scores.rated, strict=True) if r] == [
        r.score for r in ratings if r.score is not None
    ]


@given(histories())
def test_a_state_survives_its_storage(told: list[Assertion]) -> None:
    import orjson

    state = apply(told)
    detail = orjson.loads(orjson.dumps(state.to_detail(), default=list))
    again = SubjectState.restore(cells.pack(state.cells), detail)
    assert again.to_detail() == state.to_detail()
    assert again.cells == state.cells


@given(st.integers(1, 3), st.dates(date(2010, 1, 1), date(2035, 12, 31)))
def test_windows_over_columns_are_the_windows_of_the_law(severity: int, decided: date) -> None:
    ends = scorer._window_ends(np.array([severity]), np.array([decided.toordinal()]))
    assert ends[0].item() == publicity.window_end(severity, decided)


def test_the_newest_cases_are_at_most_twenty() -> None:
    state = SubjectState()
    for n in range(50):
        state.replace(None, Fact(f"c{n:02d}", 1, held=False, body=Complaint(CODE, "", 1, 2, DAY, DAY, 0, 0)))
    assert [case.fact_id for case in state.cases] == [f"c{n}" for n in range(30, 50)]
    assert state.case_count == 50
    assert len(state.cases) == NEWEST


def test_every_rule_has_a_sentence_in_both_languages() -> None:
    own = "years weighted_cases_milli ratio_milli millipoints_per_ratio orders prior_orders peer_cases_per_million millipoints_each"
    inputs = dict.fromkeys((*explain.numbers_beside(POLICY, {}), *own.split()), 1500)
    for rule in RULES:
        zh, en = explain.explain(rule, -12_500, 2, inputs)
        assert "-12.5" in zh
        assert "-12.5" in en


def _equations(sentence: str) -> list[tuple[float, float]]:
    """Return both sides of each equation that an English sentence states."""
    plain = sentence.replace(",", "").replace("−", "-").replace("×", "*").replace("÷", "/")
    found = re.findall(r"([-(0-9][-+*/(). 0-9]*) = (-?[0-9.]*[0-9])", plain)
    return [(eval(left), float(right)) for left, right in found]  # noqa: S307 - digits and signs only


def test_the_arithmetic_of_each_sentence_comes_out() -> None:
    """For each example of the policy, and two that reach every cap: what the sentences state is so, to the thousandth."""
    months = [f"{year}-{month:02}" for year in (2024, 2025) for month in range(1, 13)]
    worst = {
        "cases": [{"month": month, "status": "TERMINATED", "response": "NONE", "count": 10} for month in months],
        "penalties": [{"severity": 3, "decided_on": DAY} for _ in range(4)],
    }
    best = {"orders": [{"month": "2026-06", "count": 19_000}], "penalties": [{"severity": 1, "decided_on": DAY}]}
    known = {"established_on": date(2010, 1, 1), "status": "OPERATING"}
    stated = set()
    for example in [*POLICY.examples, *({"day": DAY, "facts": known | facts} for facts in (worst, best))]:
        lines = examples.run(example, POLICY).lines
        beside = explain.numbers_beside(POLICY, {line.rule_id: line.amount for line in lines})
        for line in lines:
            numbers = {**beside, **(line.inputs or {})}
            _, sentence = explain.explain(line.rule_id, line.amount, line.fact_count, numbers)
            equations = _equations(sentence.replace(" points", ""))
            assert all(abs(left - right) < 0.001 for left, right in equations), sentence
            stated.update(line.rule_id for _ in equations)
    assert stated == set(RULES) - {"base", "registration.status", "list.override"}


def test_a_listed_enterprise_is_graded_d() -> None:
    registration = Registration(CODE, "", "", "", "", "", date(2000, 1, 1), 1, None, 1)
    columns = population.columns([population.Entry(registration, b"", is_listed=True)])
    scores = scorer.score(columns, DAY, POLICY)
    assert POLICY.band(int(scores.score[0])) is Grade.D
    assert int(scores.lines[:, 0].sum()) == int(scores.score[0])


def test_bodies_have_natural_keys() -> None:
    told: list[Body] = [Complaint(CODE, "7", 1, 2, DAY, DAY, 0, 0), Volume(CODE, "p", DAY.replace(day=1), 3)]
    assert [fact_id(body, "//s") for body in told] == ["complaint://s:7", f"volume:{CODE}:p:2026-06"]
