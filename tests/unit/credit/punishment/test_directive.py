"""Feedback converges: every permutation, with repetitions, gives one state; by RPC it is strict."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import PreconditionFailed
from services.credit.domain.punishment.directive import STRICT, Feedback, Standing, check_answer, fold
from services.credit.domain.punishment.terms import DeclineReason, DirectiveState, FeedbackKind

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
NUMBER, LIFT = 7, 9
TOLD = st.builds(
    lambda event_id, kind, hours, number: Feedback(
        event_id=f"e{event_id}",
        number=number,
        kind=kind,
        at=NOW + timedelta(hours=hours),
        decline_reason=DeclineReason.NOT_COMPETENT if kind is FeedbackKind.DECLINED else None,
    ),
    st.integers(0, 10**6),
    st.sampled_from(FeedbackKind),
    st.integers(0, 5),
    st.sampled_from([NUMBER, LIFT]),
)
FEEDBACK = st.lists(TOLD, max_size=5, unique_by=lambda one: one.event_id)


def said(kind: FeedbackKind, hours: int = 0, number: int = NUMBER) -> Feedback:
    return Feedback(event_id=f"{kind.name}{hours}", number=number, kind=kind, at=NOW + timedelta(hours=hours))


@given(told=FEEDBACK, is_lifting=st.booleans(), rng=st.randoms())
def test_every_permutation_with_repetitions_gives_one_state(
    *, told: list[Feedback], is_lifting: bool, rng: Any
) -> None:
    wanted = fold(told, LIFT if is_lifting else None, is_lifting=is_lifting)
    for order in permutations(told):
        doubled = [*order, *rng.choices(order, k=3)] if order else []
        found = fold(doubled, LIFT if is_lifting else None, is_lifting=is_lifting)
        assert found == wanted


@given(FEEDBACK)
def test_what_does_not_fit_is_named_and_changes_nothing(told: list[Feedback]) -> None:
    standing = fold(told, None, is_lifting=False)
    fitting = [one for one in told if one.event_id not in standing.misfits]
    assert fold(fitting, None, is_lifting=False) == standing._replace(misfits=())


def test_the_whole_way() -> None:
    told = [said(FeedbackKind.ACKNOWLEDGED, 1), said(FeedbackKind.APPLIED, 2), said(FeedbackKind.REPORTED, 3)]
    assert fold(told, None, is_lifting=False).state is DirectiveState.REPORTED
    assert fold(told, LIFT, is_lifting=True).state is DirectiveState.LIFTING
    told.append(said(FeedbackKind.LIFT_CONFIRMED, 4, LIFT))
    assert fold(told, LIFT, is_lifting=True).state is DirectiveState.LIFTED_CONFIRMED


def test_a_confirmation_before_the_lift_does_not_count_later() -> None:
    early = said(FeedbackKind.LIFT_CONFIRMED, 0, NUMBER)
    standing = fold([early], LIFT, is_lifting=True)
    assert (standing.state, standing.misfits) == (DirectiveState.LIFTING, (early.event_id,))


def test_applied_after_declined_waits_for_a_person() -> None:
    told = [said(FeedbackKind.ACKNOWLEDGED), said(FeedbackKind.DECLINED, 1), said(FeedbackKind.APPLIED, 2)]
    standing = fold(told, None, is_lifting=False)
    assert (standing.state, standing.misfits) == (DirectiveState.DECLINED, ("APPLIED2",))


@pytest.mark.parametrize("state", DirectiveState)
@pytest.mark.parametrize("kind", FeedbackKind)
def test_by_rpc_only_the_next_answer_is_taken(state: DirectiveState, kind: FeedbackKind) -> None:
    answer = said(kind, number=LIFT if kind is FeedbackKind.LIFT_CONFIRMED else NUMBER)
    if kind in STRICT[state]:
        check_answer(Standing(state), answer, NUMBER, LIFT)
        with pytest.raises(PreconditionFailed, match="answers number"):
            check_answer(Standing(state), said(kind, number=1), NUMBER, LIFT)
    else:
        with pytest.raises(PreconditionFailed, match="lawful now"):
            check_answer(Standing(state), answer, NUMBER, LIFT)
