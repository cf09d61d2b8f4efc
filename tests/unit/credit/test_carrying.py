"""For whom an heir answers, and the ids and kinds of what it carries."""

from datetime import date

from services.credit.domain.carrying import (
    answers_for,
    carried_id,
    concerns,
    heirs_of,
    is_carried,
    kind_of,
)
from services.credit.domain.facts import Fact, FactKind, Registration, Volume

MARCH, MAY, JUNE = date(2026, 3, 1), date(2026, 5, 1), date(2026, 6, 1)


def registered(code: str, origin: str = "", day: date | None = None, into: str = "") -> Registration:
    return Registration(code, code, "", "", "", "", None, 1, None, 1, into, None, origin, day)


def known(*registrations: Registration) -> dict[str, Registration | None]:
    return {one.code: one for one in registrations}


def test_an_heir_answers_for_whom_it_comes_from_and_for_who_was_merged_into_that_one() -> None:
    told = known(registered("H", "O", MAY), registered("O"), registered("M", into="O"), registered("N", into="M"))
    assert answers_for("H", told) == {"O": MAY, "M": MAY, "N": MAY}
    assert answers_for("O", told) == {}


def test_over_several_splits_the_earlier_day_holds_and_of_several_ways_the_later() -> None:
    chain = known(registered("H", "O", MAY), registered("O", "G", JUNE), registered("G"))
    assert answers_for("H", chain) == {"O": MAY, "G": MAY}
    fork = known(
        registered("H", "O", JUNE), registered("O", "G", MARCH), registered("M", "G", MAY, "O"), registered("G")
    )
    assert answers_for("H", fork) == {"O": JUNE, "M": JUNE, "G": MAY}


def test_who_was_merged_with_whom_it_comes_from_does_not_answer_for_where_that_one_went() -> None:
    told = known(registered("H", "O", MAY), registered("O", into="R"), registered("R"))
    assert answers_for("H", told) == {"O": MAY}


def test_a_ring_ends_and_nobody_answers_for_itself() -> None:
    ring = known(registered("A", "B", MAY), registered("B", "A", JUNE))
    assert answers_for("A", ring) == {"B": MAY}
    assert answers_for("B", ring) == {"A": JUNE}


def test_a_split_without_a_day_or_of_somebody_unknown_carries_nothing() -> None:
    assert answers_for("H", known(registered("H", "O"), registered("O"))) == {}
    assert answers_for("H", known(registered("H", "O", MAY))) == {}


def test_the_heirs_of_a_day_are_those_split_off_by_then() -> None:
    told = [registered("B", "O", MAY), registered("A", "O", MARCH), registered("C", "X", MARCH)]
    assert heirs_of("O", told, MAY) == ("A", "B")
    assert heirs_of("O", told, date(2026, 4, 30)) == ("A",)


def test_what_is_carried_has_the_id_of_its_original_in_it() -> None:
    first = carried_id("penalty:O:文〔2026〕1号", "H")
    assert first == "carried:H:penalty:O:文〔2026〕1号"
    assert (is_carried(first), is_carried("penalty:O:文〔2026〕1号")) == (True, False)


def test_a_carried_fact_is_of_a_kind_of_its_own_and_registrations_concern_no_heir() -> None:
    orders = Volume("O", "p", MAY, 5)
    assert kind_of("volume:O:p:2026-05", orders) is FactKind.VOLUME
    assert kind_of("carried:H:volume:O:p:2026-05", orders) is FactKind.CARRIED_VOLUME
    facts = [Fact("carried:H:v", 1, False, orders), Fact("r", 1, False, registered("O")), None]
    assert concerns(facts) == set()
    assert concerns([None, Fact("v", 1, False, orders)]) == {"v"}
