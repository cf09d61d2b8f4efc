"""The law's data, and what a decision may order under them."""

from dataclasses import replace
from datetime import date

import pytest

from services.common.errors import Forbidden, InvalidInput, PreconditionFailed
from services.credit.adapters.punishment.law_files import load_law
from services.credit.config import LAW_FOLDER
from services.credit.domain.facts import DecisionState, Penalty
from services.credit.domain.publicity import Severity
from services.credit.domain.punishment.decision import (
    check_approval,
    check_grave_and_heavy,
    check_office,
    choose_measures,
)
from services.credit.domain.punishment.law import Law, Succession
from services.credit.domain.punishment.law_text import read_law
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import StepKind

LAW = load_law(LAW_FOLDER)
DAY = date(2026, 6, 15)
SERIOUS = LAW.list_rule("serious-dishonesty", DAY)


def listing(severity: Severity = Severity.SERIOUS, list_id: str = "serious-dishonesty") -> Listing:
    return Listing(listing_id="l", code="c", list_id=list_id, trigger_id="food", severity=severity)


def decision(office: str) -> Step:
    return Step(kind=StepKind.DECIDE, day=DAY, actor="a", office=office)


def penalty(kind: int = 2, severity: int = 0, fine_fen: int = 100) -> Penalty:
    return Penalty("c", "d", kind, severity, fine_fen, 0, DAY, "", "", "")


def test_the_lists_of_the_issue_are_there() -> None:
    assert {rule.list_id for rule in LAW.lists} == {
        "abnormal-operation",
        "serious-dishonesty",
        "key-attention",
        "honest",
    }
    assert len(LAW.list_rule("abnormal-operation", DAY).triggers) == 5


@pytest.mark.parametrize(
    ("measure", "given", "said"),
    [
        ("mission-2015", listing(), "no basis in force"),
        ("green-channel", listing(), "may follow only honest"),
        ("limit-procurement", listing(Severity.ORDINARY), "out of proportion"),
        ("no-honours", listing(Severity.MINOR, "key-attention"), "out of proportion"),
        ("weigh-abnormal", listing(Severity.MINOR, "abnormal-operation"), "spares first and light"),
    ],
)
def test_a_measure_that_does_not_fit_is_refused(measure: str, given: Listing, said: str) -> None:
    with pytest.raises(PreconditionFailed, match=said):
        choose_measures(LAW, given, [measure], DAY)


def test_a_measure_follows_only_conduct_that_it_is_related_to() -> None:
    rows = [replace(one, relevant_to=frozenset({"quality"})) for one in LAW.measures]
    with pytest.raises(PreconditionFailed, match="is not related to food"):
        choose_measures(replace(LAW, measures=tuple(rows)), listing(), ["limit-procurement"], DAY)


def test_nothing_outside_the_catalogue_and_nothing_twice() -> None:
    for named, said in ((["flogging"], "not in the law"), (["key-supervision"] * 2, "once")):
        with pytest.raises(InvalidInput, match=said):
            choose_measures(LAW, listing(), named, DAY)


def test_the_office_must_be_of_the_kind_and_cover_the_region() -> None:
    check_office(SERIOUS, "market-regulation-520100", "520103")
    for office in ("finance-520100", "market-regulation-520200", "market-regulation-520104"):
        with pytest.raises(Forbidden, match="may not decide"):
            check_office(SERIOUS, office, "520103")
    with pytest.raises(InvalidInput, match="is no office"):
        check_office(SERIOUS, "anybody", "520103")


def test_below_the_province_the_next_higher_office_approves() -> None:
    check_approval(SERIOUS, decision("market-regulation-520000"), None)
    below, approval = decision("market-regulation-520100"), decision("market-regulation-520000")
    check_approval(SERIOUS, below, replace(approval, actor="b"))
    for wrong in (
        None,
        replace(approval, actor="b", office="market-regulation-520200"),
        replace(approval, actor=below.actor),
    ):
        with pytest.raises(PreconditionFailed, match="appro"):
            check_approval(SERIOUS, below, wrong)


def test_both_parts_of_the_test_of_order_44() -> None:
    check_grave_and_heavy(SERIOUS, [penalty(), penalty(kind=5)], is_grave=True)
    with pytest.raises(PreconditionFailed, match="is_grave"):
        check_grave_and_heavy(SERIOUS, [penalty(kind=5)], is_grave=False)
    with pytest.raises(PreconditionFailed, match="heavier"):
        check_grave_and_heavy(
            SERIOUS, [penalty(), penalty(kind=5)._replace(state=DecisionState.REVOKED)], is_grave=True
        )


def test_a_merged_department_has_its_successor() -> None:
    later = date(2027, 1, 1)
    law = Law(
        lists=LAW.lists, measures=LAW.measures, kinds=LAW.kinds, answer_days=1, remind_days=1, most_reminders=1,
        successions=(Succession(of="commerce-520900", by="commerce-520100", since=later),),
    )  # fmt: skip
    assert law.successor("commerce-520900", DAY) == "commerce-520900"
    assert law.successor("commerce-520900", later) == "commerce-520100"
    assert law.predecessors("commerce-520100", DAY) == ["commerce-520100"]
    assert law.predecessors("commerce-520100", later) == ["commerce-520100", "commerce-520900"]


def test_an_unknown_word_in_the_data_is_an_error() -> None:
    texts = [(LAW_FOLDER / f"{name}.toml").read_text() for name in ("lists", "measures", "departments")]
    for before, after in (
        ("finance = ", "fin = "),
        ('kind = "MARKET"', 'kind = "FUN"'),
        ('"honest"]', '"saints"]'),
        ('basis = "政府采购法 第22条第1款第5项、第77条"', 'basis = " "'),
    ):
        with pytest.raises(InvalidInput):
            read_law(*(text.replace(before, after) for text in texts))
