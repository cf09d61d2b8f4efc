"""A listing as a fact: its cells, the way back, and that what is stored comes back the same."""

import dataclasses
from datetime import UTC, date, datetime

import orjson
import pytest

from services.common.kernel.grade import Grade
from services.credit.adapters import bodies
from services.credit.adapters.policy_files import load_policies
from services.credit.config import POLICY_FOLDER
from services.credit.domain import cells
from services.credit.domain.facts import Assertion, Fact, Registration, fact_id
from services.credit.domain.folding import fold
from services.credit.domain.listed import Listed
from services.credit.domain.rating import rate
from services.credit.domain.subject import SubjectState
from services.credit.domain.way_back import StepKind, way_back

DAY = date(2026, 6, 15)
POLICY = load_policies(POLICY_FOLDER).on(DAY)
LISTED = Listed(
    "91520900MA6GN48P46", "l1", "serious-dishonesty", "严重违法失信名单", DAY, date(2029, 6, 15), False, False, True,
    date(2027, 6, 15), "决1", "market-regulation-520000", "总局令第44号", 5,
)  # fmt: skip


def state(*listed: Listed) -> SubjectState:
    made = SubjectState()
    registration = Registration(LISTED.code, "n", "", "520900", "", "", date(2014, 3, 1), 1, None, 1)
    for body in (registration, *listed):
        made.replace(None, Fact(fact_id(body, ""), 1, False, body))
    return made


@pytest.mark.parametrize(
    ("day", "grade_is_d"),
    [(date(2026, 6, 14), False), (DAY, True), (date(2029, 6, 14), True), (date(2029, 6, 15), False)],
)
def test_a_listing_lowers_from_its_first_day_until_its_end(day: date, *, grade_is_d: bool) -> None:
    assert (rate([state(LISTED)], day, POLICY)[0].grade is Grade.D) is grade_is_d


def test_two_listings_of_one_day_do_not_hide_each_other() -> None:
    other = LISTED._replace(listing_id="l2", until=date(2027, 1, 1))
    made = state(LISTED, other)
    assert rate([made], date(2028, 1, 1), POLICY)[0].grade is Grade.D
    made.replace(Fact("listing:l1", 1, False, LISTED), None)
    assert rate([made], date(2028, 1, 1), POLICY)[0].grade is not Grade.D
    assert [entry.fact_id for entry in made.listings] == ["listing:l2"]


def test_the_next_change_is_the_end() -> None:
    assert rate([state(LISTED)], date(2029, 6, 1), POLICY)[0].next_change_on == date(2029, 6, 15)


def test_an_annulled_listing_and_one_that_ended_on_its_day_count_nothing() -> None:
    for body in (LISTED._replace(revoked=True), LISTED._replace(until=DAY)):
        assert cells.cells_of(Fact("f", 1, False, body)) == ()
        assert state(body).listings == []


def test_a_state_with_a_listing_comes_back_the_same() -> None:
    made = state(LISTED, LISTED._replace(listing_id="l2", until=None, repair_on=None))
    detail = orjson.loads(orjson.dumps(made.to_detail(), default=list))
    again = SubjectState.restore(cells.pack(made.cells), detail)
    assert again.listings == made.listings
    assert again.cells == made.cells


def test_a_fact_comes_back_from_the_ledger_and_the_last_step_stands() -> None:
    kept = bodies.told_listing(LISTED).SerializeToString()
    assert bodies.from_ledger(5, kept) == LISTED
    at = datetime(2026, 6, 15, tzinfo=UTC)
    marked = LISTED._replace(objected=True, revision=6)
    told = [Assertion("f", 3, at, f"l1:{body.revision}", False, body) for body in (marked, LISTED)]
    found = fold(told)
    assert found is not None
    assert found.body == marked


def test_the_way_back_has_the_listing_s_repair_on_the_day_that_the_office_will_accept() -> None:
    found = way_back(state(LISTED), DAY, POLICY)
    (step,) = found.steps
    assert (step.kind, step.fact_id, step.on) == (StepKind.CURE, "listing:l1", date(2027, 6, 15))
    ended = state(LISTED._replace(until=step.on))
    assert step.score == rate([ended], step.on, POLICY)[0].score
    assert dataclasses.replace(found, steps=()).by_itself_on == date(2029, 6, 15)


def test_a_listing_without_repair_offers_none() -> None:
    assert way_back(state(LISTED._replace(repair_on=None)), DAY, POLICY).steps == ()
