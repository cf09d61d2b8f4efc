"""What a policy's file must hold, key by key: what is absent, unknown, empty, a float or out of range is named with its fix."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from services.common.errors import FieldViolation
from services.common.kernel.grade import Grade
from services.credit.domain.crowd import BANDS
from services.credit.domain.facts import WEIGHING, ComplaintStatus, OperatingStatus

SCHEMA = 1
RESPONSES = ("UNSPECIFIED", "IN_TIME", "LATE", "NONE")
#: What a file can be complete in; see completeness.py.
ITEMS = ("name", "type", "region", "address", "scope", "established", "status", "volumes")
GRADES = tuple(grade.name for grade in sorted(Grade, reverse=True) if grade > Grade.D)
_OUTCOMES = tuple(ComplaintStatus(status).name for status in sorted(WEIGHING))
_STATUSES = tuple(status.name for status in OperatingStatus)

#: Tells what is wrong with a value, and the fix; empty when nothing is.
Check = Callable[[Any], str]


def whole(least: int, most: int) -> Check:
    """Return the check of an integer between two."""

    def check(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int):
            return "is no whole number: all numbers of a policy are integers"
        return "" if least <= value <= most else f"is {value}: give {least} to {most}"

    return check


def _cited(value: Any) -> str:
    return "" if isinstance(value, str) and value.strip() else "has no citation: name the law or standard it follows"


def text(value: Any) -> str:
    """Check a short text."""
    return "" if isinstance(value, str) and 0 < len(value.strip()) <= 200 else "give 1 to 200 characters"


def day(value: Any) -> str:
    """Check a day, which TOML knows by itself."""
    return "" if type(value) is date else "give a day, YYYY-MM-DD without quotes"


def _each(names: tuple[str, ...], check: Check, *, all_of: bool) -> Mapping[str, Any]:
    return {name if all_of else f"{name}?": check for name in names}


def _statuses(value: Any) -> str:
    wrong = [name for name in value if name not in _STATUSES] if isinstance(value, list) else ["no list"]
    return f"{wrong[0]} is no operating status: give some of {', '.join(_STATUSES)}" if wrong else ""


def _falling(length: int | None) -> Check:
    """Return the check of a list of thousandths that begins with 1000 and never rises."""

    def check(value: Any) -> str:
        if not isinstance(value, list) or not value or any(whole(0, 1000)(v) for v in value):
            return "give a list of whole thousandths, 0 to 1000"
        if length is not None and len(value) != length:
            return f"has {len(value)} entries: give {length}, no gap and none too many"
        rises = any(after > before for before, after in itertools.pairwise(value))
        return "must begin with 1000 and never rise" if rises or value[0] != 1000 else ""

    return check


def _some(value: Any) -> str:
    return "" if isinstance(value, list) and value else "is absent or empty: add at least one"


_POINTS = whole(0, 1_000_000)
_LOSS = whole(-1_000_000, 0)
_WEIGHT = whole(0, 10_000)
_COUNT = whole(1, 10**12)
#: A key with ? may be left out; a mapping is a section.
KEYS: Mapping[str, Any] = {
    "schema": whole(SCHEMA, SCHEMA),
    "version": text,
    "effective_from": day,
    "title": text,
    "basis": _cited,
    "base": {"millipoints": _POINTS, "basis": _cited},
    "registration": {
        "age_millipoints_per_year": _POINTS,
        "age_cap_millipoints": _POINTS,
        "age_basis": _cited,
        "status_basis": _cited,
        "status_millipoints": _each(_STATUSES, _LOSS, all_of=False),
        "unrated_statuses": _statuses,
        "unrated_basis": _cited,
        "new_months": whole(0, 120),
        "new_basis": _cited,
    },
    "complaint": {
        "basis": _cited,
        "outcome_weights": _each(_OUTCOMES, _WEIGHT, all_of=True),
        "response_weights": _each(RESPONSES, _WEIGHT, all_of=True),
        "complainant_weights": _falling(len(BANDS)),
        "complainant_basis": _cited,
        "decay": _falling(None),
        "prior_orders": _COUNT,
        "peer_cases_per_million": whole(1, 1_000_000),
        "peer_basis": _cited,
        "slope_millipoints": _POINTS,
        "relief_millipoints": _POINTS,
        "cap_millipoints": whole(1, 1_000_000),
        "peer_groups": _some,
        "burst": {"least_cases": _COUNT, "factor": whole(1000, 100_000), "months": whole(1, 60), "basis": _cited},
        "bound": {"millipoints": _POINTS, "complainant_cases_milli": _COUNT, "basis": _cited},
    },
    "penalty": {
        "basis": _cited,
        "serious_millipoints": _LOSS,
        "ordinary_millipoints": _LOSS,
        "minor_millipoints": _LOSS,
        "cap_millipoints": whole(1, 1_000_000),
    },
    "list": {"basis": _cited, "override_grade": lambda value: "" if value == "D" else "give D: the lowest grade"},
    "grades": {
        "basis": _cited,
        "hysteresis_millipoints": whole(1, 1_000_000),
        "floors": _each(GRADES, whole(1, 1_000_000), all_of=True),
    },
    "completeness": {"basis": _cited, "weights": _each(ITEMS, whole(1, 1000), all_of=True)},
    "fuse": {"basis": _cited, "downgrade_permille": whole(0, 1000)},
    "ceilings": {"basis": _cited, "fine_fen": _COUNT, "orders": _COUNT},
    "examples": _some,
}


def faults(data: Mapping[str, Any], keys: Mapping[str, Any] = KEYS, path: str = "") -> Iterator[FieldViolation]:
    """Yield what is wrong with a file, in the order of the schema; unknown keys last."""
    for key, expected in keys.items():
        name = key.rstrip("?")
        field = f"{path}{name}"
        if name not in data:
            if not key.endswith("?"):
                yield fault(field, "is absent: add it")
        elif isinstance(expected, Mapping):
            section = data[name]
            if isinstance(section, Mapping):
                yield from faults(section, expected, f"{field}.")
            else:
                yield fault(field, "is no section")
        elif found := expected(data[name]):
            yield fault(field, found)
    known = {key.rstrip("?") for key in keys}
    yield from (fault(f"{path}{name}", "is unknown: remove it, no rule reads it") for name in data if name not in known)


def listed(names: tuple[str, ...]) -> Check:
    """Return the check of one of some names."""
    return lambda value: "" if value in names else f"is {value!r}: give one of {', '.join(names)}"


def fault(field: str, description: str) -> FieldViolation:
    """Return one fault: the key, and what is wrong with the fix."""
    return FieldViolation(field=field[:100], description=description)
