"""What the numbers of a policy must keep between them: no gap, no overlap, and a bound that is the one that they give."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.common.errors import FieldViolation
from services.credit.domain import crowd, policy_groups
from services.credit.domain.facts import OperatingStatus
from services.credit.domain.policy_schema import GRADES, RESPONSES, fault, listed, text, whole
from services.credit.domain.policy_schema import day as any_day
from services.credit.domain.policy_schema import faults as schema_faults

_COUNT = whole(0, 10**9)
_EXAMPLE: Mapping[str, Any] = {
    "title": text,
    "day": any_day,
    "grade": listed((*GRADES, "D", "NR")),
    "score_millipoints?": whole(0, 1_000_000),
    "facts": {
        "established_on?": any_day,
        "status": listed(tuple(status.name for status in OperatingStatus)),
        "penalties?": lambda _: "",
        "orders?": lambda _: "",
        "cases?": lambda _: "",
    },
}
_OF_FACTS: Mapping[str, Mapping[str, Any]] = {
    "penalties": {"severity": whole(1, 3), "decided_on": any_day},
    "orders": {"month": text, "count": _COUNT},
    "cases": {
        "month": text,
        "status": listed(("RECEIVED", "ACCEPTED", "REFUSED", "AGREED", "TERMINATED", "WITHDRAWN")),
        "response": listed(RESPONSES),
        "count": _COUNT,
        "of_one_complainant?": lambda value: "" if isinstance(value, bool) else "give true or false",
    },
}


def faults(data: Mapping[str, Any]) -> Iterator[FieldViolation]:
    """Yield what is wrong with a file whose every key is right by itself."""
    complaint = data["complaint"]
    yield from _floors(data["grades"])
    yield from _penalties(data["penalty"])
    yield from policy_groups.faults(complaint["peer_groups"], complaint["relief_millipoints"])
    if complaint["decay"][-1] <= 0:
        yield fault("complaint.decay", "must stay above zero: end the list where a case ends to weigh")
    if complaint["complainant_weights"][-1] != 0:
        yield fault("complaint.complainant_weights", "the last band has no end: it must weigh 0, or there is no bound")
    yield from _bound(complaint)
    for i, example in enumerate(data["examples"]):
        yield from _example(example, f"examples[{i}]")


def most_cases_milli(complaint: Mapping[str, Any]) -> int:
    """Return the most, in thousandths of a case, that all cases of one complainant can weigh together."""
    outcome: int = max(complaint["outcome_weights"].values())
    response: int = max(complaint["response_weights"].values())
    weights = complaint["complainant_weights"][: crowd.LAST]
    each: Iterator[tuple[int, int]] = (
        (crowd.most_of(band), response * weight // 1000) for band, weight in enumerate(weights)
    )
    return max(cases * outcome * second // 1000 for cases, second in each)


def _floors(grades: Mapping[str, Any]) -> Iterator[FieldViolation]:
    floors = grades["floors"]
    for better, worse in itertools.pairwise(GRADES):
        if floors[worse] >= floors[better]:
            yield fault(
                f"grades.floors.{worse}", f"is {floors[worse]}: it overlaps {better}, give less than {floors[better]}"
            )


def _penalties(penalty: Mapping[str, Any]) -> Iterator[FieldViolation]:
    names = ("minor_millipoints", "ordinary_millipoints", "serious_millipoints")
    for milder, graver in itertools.pairwise(names):
        if penalty[graver] > penalty[milder]:
            yield fault(f"penalty.{graver}", f"costs less than {milder}: points must grow with severity")


def _bound(complaint: Mapping[str, Any]) -> Iterator[FieldViolation]:
    bound, groups = complaint["bound"], complaint["peer_groups"]
    caps = [group.get("relief_cap_millipoints", 0) for group in groups if isinstance(group, Mapping)]
    if caps and bound["millipoints"] != (most := complaint["cap_millipoints"] + caps[-1]):
        yield fault("complaint.bound.millipoints", f"is not what cap and relief give: publish {most}")
    if bound["complainant_cases_milli"] != (most := most_cases_milli(complaint)):
        yield fault("complaint.bound.complainant_cases_milli", f"is not what the weights give: publish {most}")


def _example(example: Any, field: str) -> Iterator[FieldViolation]:
    if not isinstance(example, Mapping):
        yield fault(field, "is no table: give title, day, facts and grade")
        return
    found = list(schema_faults(example, _EXAMPLE, f"{field}."))
    yield from found
    for name, keys in _OF_FACTS.items() if not found else ():
        rows = example["facts"].get(name, [])
        for i, row in enumerate(rows if isinstance(rows, Sequence) else [rows]):
            yield from schema_faults(row, keys, f"{field}.facts.{name}[{i}].")
