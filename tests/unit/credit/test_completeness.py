"""How complete a file is stands apart from conduct: it moves no point."""

from datetime import date
from pathlib import Path

from services.credit.domain import policy
from services.credit.domain.completeness import completeness
from services.credit.domain.facts import Body, Fact, Registration, Volume
from services.credit.domain.rating import rate
from services.credit.domain.subject import SubjectState

POLICY = policy.load((Path(__file__).parents[3] / "services/credit/policies/2026-1.toml").read_text())
DAY = date(2026, 6, 15)
WHOLE = Registration("", "某某", "有限责任公司", "520100", "贵阳", "网上销售", date(2015, 1, 1), 1, None, 1)


def state_of(*bodies: Body) -> SubjectState:
    state = SubjectState()
    for n, body in enumerate(bodies):
        state.replace(None, Fact(str(n), 1, held=False, body=body))
    return state


def test_a_whole_file_has_a_thousand_and_an_unregistered_one_nothing() -> None:
    assert completeness(state_of(WHOLE, Volume("", "p", date(2026, 5, 1), 9)), DAY, POLICY) == 1000
    assert completeness(SubjectState(), DAY, POLICY) == 0


def test_what_is_lacking_counts_by_its_weight_and_moves_no_point() -> None:
    lacking = state_of(WHOLE._replace(address="", enterprise_type=""))
    total = sum(POLICY.completeness.values())
    gone = sum(POLICY.completeness[item] for item in ("address", "type", "volumes"))
    assert completeness(lacking, DAY, POLICY) == (total - gone) * 1000 // total
    assert rate([lacking], DAY, POLICY)[0].score == rate([state_of(WHOLE)], DAY, POLICY)[0].score


def test_volumes_of_more_than_a_year_ago_are_not_known_any_more() -> None:
    old = state_of(WHOLE, Volume("", "p", date(2025, 6, 1), 9))
    assert completeness(old, DAY, POLICY) < completeness(old, date(2026, 5, 31), POLICY)
