"""The life of a case: strict step by step, and one state from any order of accounts."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.errors import InvalidInput, PreconditionFailed
from services.credit.domain.cases.answers import Answer, Category
from services.credit.domain.cases.case import Account, Case, Step
from services.credit.domain.cases.life import apply, fold
from services.credit.domain.cases.states import DISPUTE, TABLES, CaseKind, State
from tests.unit.credit.cases.walks import START, step_to, told, walks

NOON = datetime(2026, 5, 1, 4, tzinfo=UTC)
DAY = timedelta(days=1)
NEW = Case(CaseKind.DISPUTE, START)


def case_in(*states: State) -> Case:
    """Return a dispute that took a step a day."""
    case = NEW
    for number, state in enumerate(states, start=1):
        case = apply(case, step_to(state, START + number * DAY))
    return case


def account(state: State, day: date, event_id: str, authority: int = 2, at: datetime = NOON) -> Account:
    return Account(authority, at, event_id, step=Step(state, day))


@settings(max_examples=300)
@given(st.data())
def test_every_order_of_a_lawful_history_with_repeats_ends_in_one_case(data: st.DataObject) -> None:
    walked = data.draw(walks())
    case = NEW._replace(kind=walked.kind)
    for step in walked.steps:
        case = apply(case, step)
    folded = fold(case.kind, START, data.draw(told(walked)))
    assert folded.steps == walked.steps == case.steps
    assert [item for item in folded.work if "answer" not in item.why] == []


@pytest.mark.parametrize("kind", CaseKind)
def test_every_permutation_of_every_short_history_with_a_repeat_ends_in_one_case(kind: CaseKind) -> None:
    """All legal histories of up to six steps, a step a day, each step told late, twice and in every order."""
    histories = list(legal(kind, State.RECEIVED, most=6))
    assert len(histories) > 100
    for states in histories:
        steps = tuple(step_to(state, START + day * DAY) for day, state in enumerate(states))
        accounts = [Account(2, NOON, f"e{day}", step=step) for day, step in enumerate(steps)]
        for order in permutations(accounts):
            assert fold(kind, START, [*order, order[0]]).steps == steps


def legal(kind: CaseKind, state: State, *, most: int) -> Iterator[tuple[State, ...]]:
    """Yield the legal histories that follow a state, of up to so many steps."""
    for following in TABLES[kind].next(state) if most else ():
        yield (following,)
        yield from ((following, *rest) for rest in legal(kind, following, most=most - 1))


@settings(max_examples=200)
@given(st.data())
def test_any_accounts_whatever_give_one_case_in_any_order(data: st.DataObject) -> None:
    steps = st.builds(
        Step, st.sampled_from(State), st.dates(START, START + 4 * DAY), st.just(""), st.sampled_from(["", "x"])
    )
    accounts = [
        Account(data.draw(st.integers(1, 2)), NOON + data.draw(st.integers(0, 2)) * DAY, f"e{number}", step=step)
        for number, step in enumerate(data.draw(st.lists(steps, max_size=7)))
    ]
    kind = data.draw(st.sampled_from(CaseKind))
    first = fold(kind, START, accounts)
    assert fold(kind, START, data.draw(st.permutations([*accounts, *accounts[:3]]))) == first
    table = TABLES[kind]
    for before, after in zip(first.steps, first.steps[1:], strict=False):
        assert after.state in table.reach[before.state]


@given(st.sampled_from(list(DISPUTE.rows)), st.sampled_from(list(State)))
def test_a_step_that_the_table_lacks_is_refused_and_told_what_is_allowed(present: State, wanted: State) -> None:
    case = NEW._replace(steps=(step_to(present, START),))
    step = step_to(wanted, START + DAY)
    if wanted in DISPUTE.rows and present in DISPUTE.rows[wanted].after:
        assert apply(case, step).state is wanted
        return
    with pytest.raises(PreconditionFailed) as caught:
        apply(case, step)
    allowed = [state.name for state in DISPUTE.next(present)]
    assert caught.value.metadata == {"field": "step", "state": present.name, "allowed": ",".join(allowed)}


def test_an_impossible_history_keeps_its_last_lawful_state_and_says_why() -> None:
    accounts = [account(State.REFUSED, START, "a"), account(State.AGREED, START + 5 * DAY, "b")]
    case = fold(CaseKind.DISPUTE, START, accounts)
    assert case.state is State.REFUSED
    assert case.work == (("b", "AGREED of 2026-03-07 cannot stand beside REFUSED of 2026-03-02"),)


@pytest.mark.parametrize("also", [[], [account(State.ACCEPTED, START, "first")]])
def test_a_reason_of_no_closed_list_is_work_for_a_person_and_its_step_stands(also: list[Account]) -> None:
    told = Account(2, NOON, "b", step=Step(State.TERMINATED, START + DAY, reason="BORED"))
    case = fold(CaseKind.DISPUTE, START, [*also, told])
    assert case.state is State.TERMINATED
    assert case.work == (("b", "BORED of 2026-03-03 is no reason for TERMINATED"),)


def test_steps_that_nobody_told_are_taken_as_done() -> None:
    assert fold(CaseKind.DISPUTE, START, [account(State.AGREED, START + DAY, "a")]).state is State.AGREED


def test_the_greater_authority_makes_the_history_and_the_lesser_one_fills_it_in() -> None:
    accounts = [
        account(State.ACCEPTED, START + DAY, "platform-1", authority=1),
        account(State.AGREED, START + 2 * DAY, "platform-2", authority=1),
        account(State.TERMINATED, START + 9 * DAY, "office", authority=3),
    ]
    case = fold(CaseKind.DISPUTE, START, accounts)
    assert [step.state for step in case.steps] == [State.ACCEPTED, State.TERMINATED]
    assert [item.event_id for item in case.work] == ["platform-2"]


def test_a_correction_of_the_same_day_replaces_what_excludes_it() -> None:
    refused = account(State.REFUSED, START + DAY, "z")
    accepted = account(State.ACCEPTED, START + DAY, "a", at=NOON + DAY)
    assert fold(CaseKind.DISPUTE, START, [accepted, refused]).state is State.ACCEPTED


def test_a_state_told_again_is_no_step_and_no_work() -> None:
    accounts = [account(State.ACCEPTED, START + n * DAY, f"e{n}") for n in range(3)]
    case = fold(CaseKind.DISPUTE, START, accounts)
    assert (case.since, len(case.steps), case.work) == (START, 1, ())


def test_a_lead_told_in_the_words_of_a_dispute_is_checked_or_not_filed() -> None:
    told = [account(State.ACCEPTED, START, "a"), account(State.REFUSED, START + DAY, "b")]
    case = fold(CaseKind.LEAD, START, [*told, account(State.AGREED, START + DAY, "c")])
    assert [step.state for step in case.steps] == [State.CHECKING, State.NOT_FILED]
    assert case.work == (("c", "AGREED is no state of a lead"),)


def test_the_last_answer_counts_and_one_after_the_end_is_work() -> None:
    def answered(day: date, category: Category, event_id: str) -> Account:
        return Account(1, NOON, event_id, answer=Answer(category, day))

    steps = [account(State.ACCEPTED, START, "a"), account(State.AGREED, START + 5 * DAY, "b")]
    early = answered(START + DAY, Category.REFUSE_WITH_REASON, "early")
    better = answered(START + 5 * DAY, Category.AGREE_REFUND, "better")
    late = answered(START + 6 * DAY, Category.PARTIAL, "late")
    case = fold(CaseKind.DISPUTE, START, [late, *steps, better, early])
    assert case.answer == better.answer
    assert [item.event_id for item in case.work] == ["late"]


def test_what_a_step_needs_is_asked_for_by_name() -> None:
    accepted = case_in(State.ACCEPTED)
    day = START + 3 * DAY
    for case, step, field in (
        (NEW, Step(State.REFUSED, day, reason="BORED"), "reason_code"),
        (NEW, Step(State.REFUSED, START, reason="ABUSE"), "reason_code"),  # a reason of Order 121 before it is in force
        (NEW, Step(State.REFERRED, day), "office"),
        (NEW, Step(State.MERGED, day), "into_complaint_id"),
        (case_in(State.REFERRED), Step(State.REFERRED, day, target="another 2026-03-03"), "office"),
        (accepted, Step(State.MEDIATING, START), "step.on"),
        (case_in(State.ACCEPTED, State.MEDIATING), Step(State.AGREED, day), "reason_code"),
    ):
        with pytest.raises(InvalidInput) as caught:
            apply(case, step)
        assert caught.value.violations[0].field == field


def test_a_suspension_lasts_to_the_next_day() -> None:
    case = case_in(State.ACCEPTED, State.MEDIATING, State.SUSPENDED)
    with pytest.raises(PreconditionFailed, match="from the next day on"):
        apply(case, step_to(State.MEDIATING, case.since))
    assert apply(case, step_to(State.MEDIATING, case.since + DAY)).state is State.MEDIATING


def test_the_office_is_where_the_case_was_referred_to_or_who_acted_last() -> None:
    assert case_in(State.ACCEPTED).office == "office"
    assert case_in(State.REFERRED).office == "another 2026-03-03"
    assert NEW.office == ""
