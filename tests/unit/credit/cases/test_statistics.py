"""Statistics of complaints: counts that add up, rates in per mille, unknown when nothing stands below."""

from collections import Counter
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.credit.domain.cases.answers import Response
from services.credit.domain.cases.outcome import Outcome
from services.credit.domain.cases.statistics import Counts, Dimension, Summary, count, growth

MAY, JUNE = date(2026, 5, 3), date(2026, 6, 30)
summaries = st.builds(
    Summary, st.sampled_from("ab"), st.sampled_from(["", "p"]), st.sampled_from(["520100", "520300"]),
    st.dates(date(2025, 1, 1), date(2026, 12, 31)), st.sampled_from(Outcome), st.sampled_from(Response),
)  # fmt: skip


def case(day: date = JUNE, outcome: Outcome = Outcome.AGREED, response: Response = Response.IN_TIME) -> Summary:
    return Summary("m", "p", "520100", day, outcome, response)


def test_rates_are_rounded_per_mille_and_unknown_without_a_denominator() -> None:
    cases = [case(), case(), case(outcome=Outcome.FAILED, response=Response.NONE), case(outcome=Outcome.OPEN)]
    (counts,) = count(cases, Dimension.MERCHANT).values()
    assert counts == Counts(received=4, agreed=2, failed=1, in_time=3, unanswered=1)
    assert (counts.mediation_success_permille, counts.response_in_time_permille) == (667, 750)
    assert (Counts().mediation_success_permille, Counts().response_in_time_permille) == (None, None)


def test_a_void_case_says_nothing_of_the_answer() -> None:
    (counts,) = count([case(outcome=Outcome.VOID, response=Response.NONE)], Dimension.REGION).values()
    assert counts == Counts(received=1, void=1)


def test_a_lead_is_counted_apart_and_moves_no_rate() -> None:
    lead = case(outcome=Outcome.OPEN, response=Response.NONE)._replace(is_lead=True)
    (counts,) = count([case(), lead], Dimension.MERCHANT).values()
    assert counts == Counts(received=1, agreed=1, in_time=1, leads=1)


def test_growth_is_against_the_month_and_the_year_before() -> None:
    cases = [case(), case(), case(), case(MAY), case(MAY), case(date(2025, 6, 1))]
    by_month = count(cases, Dimension.PLATFORM, Dimension.MONTH)
    assert growth(by_month, ("p",), JUNE) == (3, 500, 2000)
    assert growth(by_month, ("p",), MAY) == (2, None, None)
    assert growth(by_month, ("q",), JUNE) == (0, None, None)


@given(st.lists(summaries, max_size=60))
def test_groups_add_up_to_the_whole(cases: list[Summary]) -> None:
    whole = count(cases).get((), Counts())
    groups = count(cases, Dimension.REGION, Dimension.MONTH, Dimension.PLATFORM)
    assert tuple(map(sum, zip(*groups.values(), strict=True))) == (tuple(whole) if cases else ())
    by_merchant = {key[0]: counts.received + counts.leads for key, counts in count(cases, Dimension.MERCHANT).items()}
    assert by_merchant == Counter(entry.merchant for entry in cases)
