"""A listing's procedure: what each state allows, its deadlines, who may take which step, and the ways out."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import InvalidInput, PreconditionFailed
from services.credit.adapters.punishment.law_files import load_law
from services.credit.config import LAW_FOLDER
from services.credit.domain.publicity import Severity
from services.credit.domain.punishment.listing import ALLOWED, Listing, fold
from services.credit.domain.punishment.procedure import advance, propose, published
from services.credit.domain.punishment.repair import eligible_on
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import EndReason, ListingState, StepKind

LAW = load_law(LAW_FOLDER)
DAY = date(2026, 6, 15)
RULE = LAW.list_rule("serious-dishonesty", DAY)
OPENING = Listing(
    listing_id="l1", code="c", list_id=RULE.list_id, trigger_id="fair-competition", severity=Severity.SERIOUS
)


def step(kind: StepKind, day: date = DAY, actor: str = "decider", **given: object) -> Step:
    full = {"document_number": "文1", "reasons": "r", "rights": "r", "fact_ids": ("f",), "next_on": DAY, **given}
    return Step(kind=kind, day=day, actor=actor, office="market-regulation-520000", **full)  # type: ignore[arg-type]


def listed() -> Listing:
    listing = propose(OPENING, step(StepKind.PROPOSE, actor="proposer"), RULE)
    for kind in (StepKind.NOTIFY, StepKind.HEAR, StepKind.DECIDE):
        listing = advance(listing, step(kind), RULE)
    return advance(listing, published(listing.steps[-1], RULE), RULE)


def test_the_whole_way_to_the_end_of_the_term() -> None:
    listing = listed()
    assert (listing.state, listing.until, listing.due) == (ListingState.PUBLISHED, date(2029, 6, 15), None)
    with pytest.raises(PreconditionFailed, match="2029-06-15"):
        advance(listing, step(StepKind.END, end_reason=EndReason.TERM_OVER), RULE)
    ended = advance(listing, step(StepKind.END, day=date(2029, 6, 15), end_reason=EndReason.TERM_OVER), RULE)
    assert ended.state is ListingState.ENDED


def test_nothing_is_decided_without_notice_and_hearing() -> None:
    listing = propose(OPENING, step(StepKind.PROPOSE, actor="proposer"), RULE)
    with pytest.raises(PreconditionFailed, match="lawful now is DROP, NOTIFY"):
        advance(listing, step(StepKind.DECIDE), RULE)
    notified = advance(listing, step(StepKind.NOTIFY), RULE)
    with pytest.raises(
        PreconditionFailed, match="runs until 2026-06-23"
    ):  # five working days, the festival of 06-19 off
        advance(notified, step(StepKind.PASS_HEARING, document_number=""), RULE)
    waived = advance(notified, step(StepKind.PASS_HEARING, document_number="waiver"), RULE)
    assert waived.state is ListingState.NO_HEARING


def test_each_open_step_has_a_last_day() -> None:
    listing = propose(OPENING, step(StepKind.PROPOSE, actor="proposer"), RULE)
    assert listing.due == ("NOTIFY", date(2026, 6, 23))
    listing = advance(listing, step(StepKind.NOTIFY), RULE)
    assert listing.due is not None
    assert listing.due.step == "RECORD_HEARING"
    marked = advance(listed(), step(StepKind.OBJECT), RULE)
    assert marked.due is not None
    assert marked.due.step == "DECIDE_OBJECTION"


def test_two_persons() -> None:
    listing = propose(OPENING, step(StepKind.PROPOSE, actor="a"), RULE)
    listing = advance(advance(listing, step(StepKind.NOTIFY), RULE), step(StepKind.HEAR), RULE)
    with pytest.raises(PreconditionFailed, match="who proposed may not decide"):
        advance(listing, step(StepKind.DECIDE, actor="a"), RULE)
    marked = advance(listed(), step(StepKind.OBJECT), RULE)
    for kind, reason in ((StepKind.REFUSE_OBJECTION, None), (StepKind.END, EndReason.ANNULLED)):
        with pytest.raises(PreconditionFailed, match="another person"):
            advance(marked, step(kind, end_reason=reason), RULE)
        assert advance(marked, step(kind, actor="b", end_reason=reason), RULE).objection_due is None


@pytest.mark.parametrize(("reason", "said"), [(EndReason.CURED, "ends only by"), (EndReason.REPAIRED, "ApplyRepair"),
    (EndReason.EARLY_REMOVAL, "2027-06-15"), (EndReason.BASIS_ENDED, "in force")])  # fmt: skip
def test_ways_out_are_guarded(reason: EndReason, said: str) -> None:
    with pytest.raises(PreconditionFailed, match=said):
        advance(listed(), step(StepKind.END, end_reason=reason), RULE)


def test_a_repair_is_possible_after_its_time_and_after_a_refusal_again() -> None:
    listing = listed()
    assert eligible_on(listing, RULE) == date(2027, 6, 15)
    later = advance(listing, step(StepKind.APPLY_REPAIR), RULE)
    refused = advance(later, step(StepKind.REFUSE_REPAIR, next_on=date(2027, 9, 1)), RULE)
    assert eligible_on(refused, RULE) == date(2027, 9, 1)
    assert eligible_on(replace(listing, severity=Severity.ORDINARY), RULE) == date(2026, 9, 15)


def test_an_incomplete_step_names_its_fields() -> None:
    with pytest.raises(InvalidInput) as caught:
        advance(listed(), step(StepKind.OBJECT, reasons="", document_number="x" * 129), RULE)
    assert {v.field for v in caught.value.violations} == {"grounds", "document_number"}


def test_the_honest_list_needs_no_hearing() -> None:
    rule = LAW.list_rule("honest", DAY)
    listing = propose(replace(OPENING, list_id="honest"), step(StepKind.PROPOSE, actor="proposer"), rule)
    assert advance(listing, step(StepKind.DECIDE), rule).state is ListingState.DECIDED


@given(st.lists(st.sampled_from(StepKind), max_size=12))
def test_a_fold_of_any_history_is_lawful_and_keeps_what_does_not_fit(kinds: list[StepKind]) -> None:
    steps = [step(kind, end_reason=EndReason.ANNULLED) for kind in (StepKind.PROPOSE, *kinds)]
    listing, misfits = fold(OPENING, steps, lambda _: RULE)
    assert len(listing.steps) + len(misfits) == len(steps)
    again, none = fold(OPENING, listing.steps, lambda _: RULE)
    assert (again, none) == (listing, ())
    for before, after in pairwise(range(1, len(listing.steps) + 1)):
        state = fold(OPENING, listing.steps[:before], lambda _: RULE)[0]
        assert listing.steps[after - 1].kind in ALLOWED[state.state] | {
            StepKind.REFUSE_OBJECTION,
            StepKind.REFUSE_REPAIR,
        }


def test_a_working_day_more_makes_it_overdue() -> None:
    listing = propose(OPENING, step(StepKind.PROPOSE, day=DAY - timedelta(days=1)), RULE)
    assert listing.due is not None
    assert listing.due.day > DAY
