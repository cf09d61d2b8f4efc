"""Two departments that tell of one penalty tell of one fact; what one leaves out takes nothing back of the other's."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

from services.credit.domain.facts import Assertion, DecisionState, Penalty, fact_id
from services.credit.domain.folding import fold

CODE, NUMBER = "91520900MA6GN48P46", "黔市监罚〔2026〕1号"
NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
WHOLE = Penalty(CODE, NUMBER, 2, 2, 1_000_000, None, date(2026, 5, 20), "虚假宣传", "甲局", "广告法 第55条")
COPY = Penalty(CODE, NUMBER, 2, 0, None, None, date(2026, 5, 20), "", "", "")


def account(body: Penalty, hours: int, event_id: str, authority: int = 3) -> Assertion:
    return Assertion(fact_id(body, "//any"), authority, NOON + timedelta(hours=hours), event_id, held=False, body=body)


def stands(*told: Assertion) -> Penalty:
    """Return what stands, in whatever order it was told."""
    found = {fold(order) for order in permutations(told)}
    (fact,) = found
    assert fact is not None
    assert (fact.version, isinstance(fact.body, Penalty)) == (len(told), True)
    return fact.body  # type: ignore[return-value] # asserted above


def test_the_number_and_the_code_are_the_key_whoever_tells() -> None:
    assert fact_id(WHOLE, "//enforcement.a") == fact_id(COPY, "//enforcement.b") == f"penalty:{CODE}:{NUMBER}"


def test_a_copy_with_less_takes_nothing_away() -> None:
    assert stands(account(WHOLE, 0, "a"), account(COPY, 5, "b")) == WHOLE


def test_a_copy_in_which_nothing_is_said_of_the_state_takes_no_revocation_back() -> None:
    revoked = account(COPY._replace(state=DecisionState.REVOKED), 1, "b")
    late = account(WHOLE, 9, "c")
    assert stands(account(WHOLE, 0, "a"), revoked, late).revoked
    again = account(WHOLE._replace(state=DecisionState.IN_FORCE), 10, "d")
    assert not stands(account(WHOLE, 0, "a"), revoked, late, again).revoked


def test_a_correction_is_the_later_account_and_no_money_is_told_by_nought() -> None:
    corrected = stands(account(WHOLE, 0, "a"), account(WHOLE._replace(kind=1, fine_fen=0), 1, "b"))
    assert (corrected.kind, corrected.fine_fen) == (1, 0)


def test_a_weaker_source_corrects_nothing() -> None:
    weaker = account(WHOLE._replace(fine_fen=5, state=DecisionState.REVOKED), 9, "b", authority=1)
    assert stands(account(WHOLE, 0, "a"), weaker) == WHOLE
