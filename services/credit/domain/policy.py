"""A scoring policy: the numbers by which cells become points, read from data and refused when anything is amiss."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.common.errors import FieldViolation, InvalidInput
from services.common.kernel.grade import Grade
from services.credit.domain.facts import ComplaintStatus, OperatingStatus

SCHEMA = 1
RESPONSES = ("UNSPECIFIED", "IN_TIME", "LATE", "NONE")
MAX_MILLIPOINTS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One version of the policy. Points in millipoints, weights and decay in thousandths."""

    version: str
    effective_from: date
    digest: str
    base: int
    age_per_year: int
    age_cap: int
    status_points: Mapping[int, int]
    unrated: frozenset[int]
    new_months: int
    outcome_weights: Mapping[int, int]
    response_weights: tuple[int, ...]
    decay: tuple[int, ...]
    prior_orders: int
    peer_per_million: int
    slope: int
    relief: int
    complaint_cap: int
    severity_points: tuple[int, int, int]
    penalty_cap: int
    hysteresis: int
    floors: tuple[tuple[Grade, int], ...]
    fine_ceiling_fen: int
    orders_ceiling: int
    bases: Mapping[str, str]
    examples: tuple[Mapping[str, Any], ...]

    def band(self, score: int) -> Grade:
        """Return the grade that a score alone gives."""
        return next((grade for grade, floor in self.floors if score >= floor), Grade.D)


def load(text: str) -> Policy:
    """Read a policy; raises InvalidInput naming the key that is absent, unknown, a float or out of order."""
    try:
        data = tomllib.loads(text, parse_float=_no_float)
        policy = _build(data, hashlib.sha256(text.encode()).hexdigest())
    except (KeyError, ValueError, TypeError) as error:
        raise _invalid(str(error).strip("'"), f"a key is absent or its value is wrong: {error}") from error
    _check(policy, data)
    return policy


def _build(data: dict[str, Any], digest: str) -> Policy:
    registration, complaint, penalty = data["registration"], data["complaint"], data["penalty"]
    return Policy(
        version=data["version"],
        effective_from=data["effective_from"],
        digest=digest,
        base=data["base"]["millipoints"],
        age_per_year=registration["age_millipoints_per_year"],
        age_cap=registration["age_cap_millipoints"],
        status_points={OperatingStatus[name]: points for name, points in registration["status_millipoints"].items()},
        unrated=frozenset(OperatingStatus[name] for name in registration["unrated_statuses"]),
        new_months=registration["new_months"],
        outcome_weights={ComplaintStatus[name]: weight for name, weight in complaint["outcome_weights"].items()},
        response_weights=tuple(complaint["response_weights"][name] for name in RESPONSES),
        decay=tuple(complaint["decay"]),
        prior_orders=complaint["prior_orders"],
        peer_per_million=complaint["peer_cases_per_million"],
        slope=complaint["slope_millipoints"],
        relief=complaint["relief_millipoints"],
        complaint_cap=complaint["cap_millipoints"],
        severity_points=(
            penalty["minor_millipoints"],
            penalty["ordinary_millipoints"],
            penalty["serious_millipoints"],
        ),
        penalty_cap=penalty["cap_millipoints"],
        hysteresis=data["grades"]["hysteresis_millipoints"],
        floors=tuple((Grade[name], floor) for name, floor in data["grades"]["floors"].items()),
        fine_ceiling_fen=data["ceilings"]["fine_fen"],
        orders_ceiling=data["ceilings"]["orders"],
        bases=_bases(data),
        examples=tuple(data["examples"]),
    )


def _bases(data: dict[str, Any]) -> dict[str, str]:
    registration = data["registration"]
    return {
        "base": data["base"]["basis"],
        "registration.age": registration["age_basis"],
        "registration.status": registration["status_basis"],
        "complaint.rate": f"{data['complaint']['basis']}；{data['complaint']['peer_basis']}",
        "complaint.cap": data["complaint"]["basis"],
        "penalty.serious": data["penalty"]["basis"],
        "penalty.ordinary": data["penalty"]["basis"],
        "penalty.minor": data["penalty"]["basis"],
        "penalty.cap": data["penalty"]["basis"],
        "list.override": data["list"]["basis"],
        "score.bound": data["grades"]["basis"],
    }


def _check(policy: Policy, data: dict[str, Any]) -> None:
    floors = [floor for _, floor in policy.floors]
    rules = {
        f"schema must be {SCHEMA}": data["schema"] == SCHEMA,
        "grades.floors must fall from AAA to C": floors == sorted(floors, reverse=True) and len(set(floors)) == 9,
        "complaint.decay must fall from 1000 and stay above zero": policy.decay[0] == 1000
        and list(policy.decay) == sorted(policy.decay, reverse=True)
        and policy.decay[-1] > 0,
        "complaint.prior_orders and peer_cases_per_million must be positive": min(
            policy.prior_orders, policy.peer_per_million
        )
        > 0,
        "penalty points must not be above zero, and grow with severity": policy.severity_points[0] <= 0
        and list(policy.severity_points) == sorted(policy.severity_points, reverse=True),
        "complaint.slope_millipoints and relief_millipoints must not be negative": min(policy.slope, policy.relief)
        >= 0,
        "caps, hysteresis and ceilings must be positive": min(
            policy.complaint_cap, policy.penalty_cap, policy.hysteresis, policy.fine_ceiling_fen, policy.orders_ceiling
        )
        > 0,
        "every rule needs a citation": all(policy.bases.values()),
        f"unknown keys are refused: {', '.join(_unknown(data))}": not _unknown(data),
    }
    for rule, holds in rules.items():
        if not holds:
            raise _invalid(rule.split(" ", 1)[0], rule)


_KEYS: Mapping[str, frozenset[str] | None] = {
    **dict.fromkeys(("schema", "version", "effective_from", "title", "basis", "examples"), None),
    "base": frozenset({"millipoints", "basis"}),
    "registration": frozenset(
        {
            *("age_millipoints_per_year", "age_cap_millipoints", "age_basis", "status_basis", "status_millipoints"),
            *("unrated_statuses", "unrated_basis", "new_months", "new_basis"),
        }
    ),
    "complaint": frozenset(
        {
            *("basis", "outcome_weights", "response_weights", "decay", "prior_orders", "peer_cases_per_million"),
            *("peer_basis", "slope_millipoints", "relief_millipoints", "cap_millipoints"),
        }
    ),
    "penalty": frozenset(
        {"basis", "serious_millipoints", "ordinary_millipoints", "minor_millipoints", "cap_millipoints"}
    ),
    "list": frozenset({"basis", "override_grade"}),
    "grades": frozenset({"basis", "hysteresis_millipoints", "floors"}),
    "ceilings": frozenset({"basis", "fine_fen", "orders"}),
}


def _unknown(data: Mapping[str, Any]) -> list[str]:
    """Return the keys that no rule reads, sections with their name before."""
    top = [key for key in data if key not in _KEYS]
    sections = ((key, known) for key, known in _KEYS.items() if known is not None)
    return top + [
        f"{section}.{key}" for section, known in sections for key in data.get(section, {}) if key not in known
    ]


def _no_float(text: str) -> int:
    raise ValueError(f"float {text}: all numbers of a policy are integers")


def _invalid(field: str, description: str) -> InvalidInput:
    return InvalidInput(
        f"policy: {description}", violations=(FieldViolation(field=field[:100], description=description),)
    )
