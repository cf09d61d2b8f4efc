"""The executable examples of a policy: "these facts, this day, this score"; they must hold before it is used."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.common.errors import FieldViolation, InvalidInput
from services.common.kernel.day import month_index, parse_month
from services.credit.domain import cells, crowd
from services.credit.domain.facts import ComplaintStatus, Fact, OperatingStatus, Penalty, Registration
from services.credit.domain.policy import Policy
from services.credit.domain.policy_schema import RESPONSES
from services.credit.domain.rating import Rating, rate
from services.credit.domain.subject import SubjectState


def check(policy: Policy) -> None:
    """Refuse a policy of which an example does not hold; InvalidInput names the example and what came out."""
    for i, example in enumerate(policy.examples):
        rating = run(example, policy)
        wanted = (example.get("score_millipoints"), example["grade"])
        if (rating.score, rating.grade.name) != wanted:
            description = f"{example['title']}: expected {wanted}, the policy gives {(rating.score, rating.grade.name)}"
            raise InvalidInput(
                f"policy example fails: {description}",
                violations=(FieldViolation(field=f"examples[{i}]", description=description),),
            )


def run(example: Mapping[str, Any], policy: Policy) -> Rating:
    """Return the rating of an example's facts on its day."""
    return rate([_state(example["facts"])], example["day"], policy)[0]


def _state(facts: Mapping[str, Any]) -> SubjectState:
    state = SubjectState()
    state.registration = Registration(
        "", "", "", "", "", "", facts.get("established_on"), OperatingStatus[facts["status"]], None, 1
    )
    for case in facts.get("cases", ()):
        first, second = ComplaintStatus[case["status"]], RESPONSES.index(case["response"])
        cell = cells.case_key(first, second, _month(case["month"]), is_genuine=False)
        band = crowd.band_of(case["count"]) if case.get("of_one_complainant") else 0
        state.cells[crowd.banded(cell, band)] = case["count"]
        state.case_count += case["count"]
    for volume in facts.get("orders", ()):
        state.cells[cells.key(cells.CellKind.ORDERS, 0, 0, _month(volume["month"]))] = volume["count"]
    for i, penalty in enumerate(facts.get("penalties", ())):
        state.replace(
            None, Fact(f"example:{i}", 1, held=False, body=_penalty(penalty["severity"], penalty["decided_on"]))
        )
    return state


def _penalty(severity: int, decided_on: date) -> Penalty:
    return Penalty("", "", 2, severity, 0, 0, decided_on, "", "", "")


def _month(text: str) -> int:
    return month_index(parse_month(text, "month"))
