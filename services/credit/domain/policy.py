"""A scoring policy: the numbers by which cells become points, read from data and refused when anything is amiss."""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.common.errors import FieldViolation, InvalidInput
from services.common.kernel.grade import Grade
from services.credit.domain import policy_groups, policy_rules, policy_schema
from services.credit.domain.facts import ComplaintStatus, OperatingStatus
from services.credit.domain.policy_schema import RESPONSES

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
    complainant_weights: tuple[int, ...]
    decay: tuple[int, ...]
    prior_orders: int
    peer_per_million: int
    slope: int
    relief: int
    complaint_cap: int
    relief_caps: tuple[tuple[int, int], ...]
    burst_minimum: int
    burst_factor: int
    burst_months: int
    bound: int
    bound_cases_milli: int
    severity_points: tuple[int, int, int]
    penalty_cap: int
    hysteresis: int
    floors: tuple[tuple[Grade, int], ...]
    completeness: Mapping[str, int]
    fuse_permille: int
    fine_ceiling_fen: int
    orders_ceiling: int
    bases: Mapping[str, str]
    examples: tuple[Mapping[str, Any], ...]

    def band(self, score: int) -> Grade:
        """Return the grade that a score alone gives."""
        return next((grade for grade, floor in self.floors if score >= floor), Grade.D)


def load(text: str) -> Policy:
    """Read a policy; raises InvalidInput naming each key that is absent, unknown, a float, uncited, or out of order."""
    try:
        data = tomllib.loads(text, parse_float=_Float)
    except tomllib.TOMLDecodeError as error:
        raise _invalid([policy_schema.fault("policy", f"is no TOML: {error}")]) from error
    if found := [*_floats(data), *policy_schema.faults(data)]:
        raise _invalid(found)
    if found := list(policy_rules.faults(data)):
        raise _invalid(found)
    return _build(data, hashlib.sha256(text.encode()).hexdigest())


class _Float(str):
    """A float as it was written, so that the key that holds it can be named."""

    __slots__ = ()


def _floats(data: Any, path: str = "") -> Iterator[FieldViolation]:
    """Yield the keys that hold a float."""
    if isinstance(data, _Float):
        yield policy_schema.fault(
            path, f"{data} is a float: all numbers of a policy are integers, points in thousandths"
        )
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _floats(value, f"{path}.{key}" if path else key)
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from _floats(value, f"{path}[{i}]")


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
        complainant_weights=tuple(complaint["complainant_weights"]),
        decay=tuple(complaint["decay"]),
        prior_orders=complaint["prior_orders"],
        peer_per_million=complaint["peer_cases_per_million"],
        slope=complaint["slope_millipoints"],
        relief=complaint["relief_millipoints"],
        complaint_cap=complaint["cap_millipoints"],
        relief_caps=policy_groups.read(complaint["peer_groups"]),
        burst_minimum=complaint["burst"]["least_cases"],
        burst_factor=complaint["burst"]["factor"],
        burst_months=complaint["burst"]["months"],
        bound=complaint["bound"]["millipoints"],
        bound_cases_milli=complaint["bound"]["complainant_cases_milli"],
        severity_points=(
            penalty["minor_millipoints"],
            penalty["ordinary_millipoints"],
            penalty["serious_millipoints"],
        ),
        penalty_cap=penalty["cap_millipoints"],
        hysteresis=data["grades"]["hysteresis_millipoints"],
        floors=tuple((Grade[name], floor) for name, floor in data["grades"]["floors"].items()),
        completeness=dict(data["completeness"]["weights"]),
        fuse_permille=data["fuse"]["downgrade_permille"],
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
        "complaint.rate": "；".join(data["complaint"][name] for name in ("basis", "complainant_basis", "peer_basis")),
        "complaint.cap": data["complaint"]["basis"],
        "complaint.relief_cap": data["complaint"]["peer_basis"],
        "penalty.serious": data["penalty"]["basis"],
        "penalty.ordinary": data["penalty"]["basis"],
        "penalty.minor": data["penalty"]["basis"],
        "penalty.cap": data["penalty"]["basis"],
        "list.override": data["list"]["basis"],
        "score.bound": data["grades"]["basis"],
    }


def _invalid(found: Sequence[FieldViolation]) -> InvalidInput:
    return InvalidInput(f"policy: {found[0].field} {found[0].description}", violations=tuple(found))
