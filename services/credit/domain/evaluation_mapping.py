"""A mapping: how the rows of a foreign population read as facts of this system. It names things and weighs nothing."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from services.common.errors import invalid
from services.common.kernel.day import parse_day
from services.credit.domain.facts import Complaint, ComplaintStatus, Penalty
from services.credit.domain.policy_schema import RESPONSES
from services.credit.domain.publicity import PenaltyKind, Severity

Row = Mapping[str, str]
SCHEMA = 1
_CONDITION_KEYS = frozenset({"when", "unless", "at_least"})
_RULE_KEYS = _CONDITION_KEYS | {"kind", "outcome", "response", "severity", "orders", "optional"}


class Kind(Enum):
    """What a row can be: a complaint, a penalty, or an occasion for either."""

    COMPLAINT = "COMPLAINT"
    PENALTY = "PENALTY"
    EXPOSURE = "EXPOSURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Holds for a row whose columns have accepted values, none of the excluded ones, and numbers not below a bound."""

    when: Mapping[str, frozenset[str]]
    unless: Mapping[str, frozenset[str]]
    at_least: Mapping[str, int]

    @property
    def columns(self) -> frozenset[str]:
        """Return the columns that are looked at."""
        return frozenset({*self.when, *self.unless, *self.at_least})

    def holds(self, row: Row) -> bool:
        """Tell whether a row is meant; raises InvalidInput for a text where a number must stand."""
        accepted = all(row[column] in values for column, values in self.when.items())
        excluded = any(row[column] in values for column, values in self.unless.items())
        return accepted and not excluded and all(_number(row, c) >= bound for c, bound in self.at_least.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One fact that rows give: the kind, with the outcome and response of a complaint or the severity of a penalty.

    `orders` names the column of an exposure's orders; without it an exposure is one occasion. An optional rule is left
    out of files that lack its columns.
    """

    condition: Condition
    kind: Kind
    outcome: int
    response: int
    severity: int
    orders: str
    optional: bool

    def body(self, day: date) -> Complaint | Penalty | None:
        """Return the fact of a row; None for an exposure."""
        match self.kind:
            case Kind.COMPLAINT:
                return Complaint("", "", 1, self.outcome, day, day, self.response, 0)
            case Kind.PENALTY:
                return Penalty("", "", PenaltyKind.OTHER, self.severity, 0, 0, day, "", "", "")
            case Kind.EXPOSURE:
                return None

    def orders_of(self, row: Row) -> int | None:
        """Return an exposure's orders; None when it is one occasion."""
        return int(_number(row, self.orders)) if self.orders else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file: which columns name the subject and the day, and what its rows give."""

    name: str
    subject: str
    dated: str
    rules: tuple[Rule, ...]

    def fitted(self, columns: Iterable[str]) -> "Table":
        """Return the table without optional rules that the file cannot serve; raises InvalidInput for a lacking column."""
        there = set(columns)
        rules = tuple(r for r in self.rules if not r.optional or r.condition.columns <= there)
        needed = {self.subject, self.dated, *(c for r in rules for c in {*r.condition.columns, r.orders} if c)}
        if needed - there:
            lacking = ", ".join(sorted(needed - there))
            raise invalid(self.name, f"the file lacks {lacking}: give a mapping that names the file's own columns")
        return Table(name=self.name, subject=self.subject, dated=self.dated, rules=rules)

    def day(self, row: Row) -> date:
        """Return the day of a row; raises InvalidInput naming the column."""
        return parse_day(row[self.dated][:10], f"{self.name}.{self.dated}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationMapping:
    """Both files, and which rows of the outcomes are what is to be foretold: `foretold`, positive when `positive`."""

    title: str
    facts: Table
    outcomes: Table
    foretold: Condition
    positive: Condition

    def check(self, facts_columns: Iterable[str], outcomes_columns: Iterable[str]) -> None:
        """Refuse files that lack a column; raises InvalidInput naming it."""
        self.facts.fitted(facts_columns)
        there = set(outcomes_columns)
        self.outcomes.fitted(there)
        lacking = (self.foretold.columns | self.positive.columns) - there
        if lacking:
            raise invalid("outcomes", f"the file lacks {', '.join(sorted(lacking))}: name the file's own in [label]")


def load(text: str) -> EvaluationMapping:
    """Read a mapping; raises InvalidInput naming the key that is absent, unknown or wrong."""
    try:
        data = tomllib.loads(text)
        return _build(data)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise invalid("mapping", f"a key is absent or its value is wrong: {error}") from error


def _build(data: dict[str, Any]) -> EvaluationMapping:
    if data["schema"] != SCHEMA:
        raise ValueError(f"schema must be {SCHEMA}")
    label = data["label"]
    return EvaluationMapping(
        title=data["title"],
        facts=_table("facts", data["facts"]),
        outcomes=_table("outcomes", data["outcomes"]),
        foretold=_condition(label["foretold"]),
        positive=_condition(label["positive"]),
    )


def _table(name: str, data: dict[str, Any]) -> Table:
    return Table(
        name=name, subject=data["subject"], dated=data["date"], rules=tuple(_rule(r) for r in data.get("rules", ()))
    )


def _rule(data: dict[str, Any]) -> Rule:
    _known(data, _RULE_KEYS)
    return Rule(
        condition=_condition({key: data[key] for key in data.keys() & _CONDITION_KEYS}),
        kind=Kind(data["kind"]),
        outcome=ComplaintStatus[data["outcome"]] if "outcome" in data else 0,
        response=RESPONSES.index(data.get("response", "UNSPECIFIED")),
        severity=Severity[data["severity"]] if "severity" in data else 0,
        orders=data.get("orders", ""),
        optional=data.get("optional", False),
    )


def _condition(data: dict[str, Any]) -> Condition:
    _known(data, _CONDITION_KEYS)
    return Condition(
        when={column: frozenset(values) for column, values in data.get("when", {}).items()},
        unless={column: frozenset(values) for column, values in data.get("unless", {}).items()},
        at_least=dict(data.get("at_least", {})),
    )


def _known(data: dict[str, Any], keys: frozenset[str]) -> None:
    if not data.keys() <= keys:
        raise ValueError(f"unknown {', '.join(sorted(data.keys() - keys))}")


def _number(row: Row, column: str) -> float:
    """Return the number in a column; an empty field counts as nothing found."""
    try:
        return float(row[column] or 0)
    except ValueError as error:
        raise invalid(column, f"{row[column][:40]!r} is no number") from error
