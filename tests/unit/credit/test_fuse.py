"""While a fuse holds, a policy alone lowers nobody, and everything else passes; judged or lifted, it is as if there were none."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.kernel.grade import Grade
from services.credit.application.families import rate_views, settle, view
from services.credit.application.policies import Fuse, Policies, rate_in_force
from services.credit.application.ports import Subject
from services.credit.domain import policy
from services.credit.domain.facts import Complaint, Fact, Penalty, Registration, Volume
from services.credit.domain.family import joined
from services.credit.domain.rating import not_rated, rate
from services.credit.domain.subject import SubjectState

TEXT = (Path(__file__).parents[3] / "services/credit/policies/2026-1.toml").read_text()
FIRST = date(2026, 7, 1)
NOW = datetime(2026, 7, 1, 4, tzinfo=UTC)
FORMER = policy.load(TEXT)
#: Harder on complaints and on everybody's start, milder on penalties: some go up, some go down.
DRAFT = policy.load(
    TEXT.split("[[examples]]")[0]
    .replace('version = "2026-1"', 'version = "2026-2"')
    .replace("= 2026-01-01", "= 2026-07-01", 1)
    .replace("slope_millipoints = 250000", "slope_millipoints = 400000")
    .replace("\nmillipoints = 700000", "\nmillipoints = 670000")
    .replace("ordinary_millipoints = -80000", "ordinary_millipoints = -20000")
    + "[[examples]]\n"
    + TEXT.split("[[examples]]\n")[2].replace("2026-06-15", "2026-07-15").replace("2026-04-20", "2026-06-20")
)
days = st.dates(date(2024, 7, 1), date(2026, 6, 30))
facts = st.lists(
    st.builds(Volume, st.just(""), st.just("p"), days.map(lambda d: d.replace(day=1)), st.integers(0, 10**5))
    | st.builds(
        Penalty, st.just(""), st.just("x"), st.integers(2, 6), st.integers(1, 3), *map(st.just, (0, 0)), days,
        *map(st.just, ("", "", "", False)),
    )
    | st.builds(
        Complaint, st.just(""), st.just("c"), st.just(1), st.sampled_from([2, 4, 5]), days, days, st.integers(0, 3),
        st.just(0), complainant=st.sampled_from(["", "a"]),
    ),
    max_size=12,
)  # fmt: skip


def state_of(bodies: list[Complaint | Penalty | Volume]) -> SubjectState:
    state = SubjectState()
    registration = Registration("", "", "", "", "", "", date(2015, 1, 1), 1, None, 1)
    for n, body in enumerate((registration, *bodies)):
        state.replace(None, Fact(str(n), 1, held=False, body=body))
    return state


def policies(fuse: Fuse | None) -> Policies:
    made = Policies([FORMER])
    made.take([DRAFT], [fuse] if fuse else [])
    return made


def fuse(downgraded: int, lifted_at: datetime | None = None) -> Fuse:
    return Fuse(
        version="2026-2", day=FIRST, rated=1000, downgraded=downgraded, limit_permille=50,
        judged_at=NOW - timedelta(hours=1), lifted_at=lifted_at,
    )  # fmt: skip


@settings(max_examples=200)
@given(st.lists(facts, min_size=1, max_size=4), st.dates(FIRST, date(2027, 6, 30)))
def test_a_blown_fuse_gives_everybody_the_better_of_both_grades(
    several: list[list[Complaint | Penalty | Volume]], day: date
) -> None:
    states = [state_of(bodies) for bodies in several]
    held = rate_in_force(states, day, policies(fuse(downgraded=51)), NOW)
    former, new = rate(states, day, FORMER), rate(states, day, DRAFT)
    for (rating, by), old, plain in zip(held, former, new, strict=True):
        assert rating.grade == max(old.grade, plain.grade)
        assert by is (FORMER if old.grade > plain.grade > Grade.NR else DRAFT)
        assert rating.score == (old if by is FORMER else plain).score
        changes = [change for change in (old.next_change_on, plain.next_change_on) if change]
        assert rating.next_change_on == min(changes, default=None)


@given(facts)
def test_a_fuse_that_has_not_blown_or_is_lifted_holds_nothing(bodies: list[Complaint | Penalty | Volume]) -> None:
    states = [state_of(bodies)]
    plain = [(rating, DRAFT) for rating in rate(states, FIRST, DRAFT)]
    for judged in (fuse(downgraded=50), fuse(downgraded=51, lifted_at=NOW)):
        assert rate_in_force(states, FIRST, policies(judged), NOW) == plain


def test_until_it_is_judged_and_until_it_is_lifted_a_fuse_holds() -> None:
    assert policies(None).is_held(DRAFT, NOW)
    assert policies(fuse(downgraded=0)).is_held(DRAFT, NOW - timedelta(hours=2))
    assert not policies(fuse(downgraded=0)).is_held(DRAFT, NOW)
    lifted = fuse(downgraded=900, lifted_at=NOW)
    assert policies(lifted).is_held(DRAFT, NOW - timedelta(seconds=1))
    assert not policies(lifted).is_held(DRAFT, NOW)
    assert not policies(None).is_held(FORMER, NOW)


def test_before_its_first_day_a_policy_rates_nobody() -> None:
    states = [state_of([])]
    ((rating, by),) = rate_in_force(states, date(2026, 6, 30), policies(None), NOW)
    assert (by, rating) == (FORMER, rate(states, date(2026, 6, 30), FORMER)[0])


@given(facts, facts)
def test_a_fuse_holds_a_family_as_one_and_who_was_merged_is_rated_by_none(
    mine: list[Complaint | Penalty | Volume], theirs: list[Complaint | Penalty | Volume]
) -> None:
    root, member = (
        Subject(n, code, known=True, seq=1, state=state_of(bodies), grade=Grade.NR)
        for n, code, bodies in ((1, "A", mine), (2, "B", theirs))
    )
    assert member.state.registration is not None
    member.state.registration = member.state.registration._replace(merged_into="A")
    settle({"A": root, "B": member})
    (whole, by), merged = rate_views([view(root), view(member)], FIRST, policies(fuse(downgraded=51)), NOW)
    together = joined(root.state, [member.state])
    assert (whole, by) == rate_in_force([together], FIRST, policies(fuse(downgraded=51)), NOW)[0]
    assert merged == (not_rated(FIRST), DRAFT)
