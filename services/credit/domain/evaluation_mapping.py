"""A mapping: how the rows of a foreign population read as facts of this system. It names things and weighs nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from services.common.errors import FieldViolation, InvalidInput
from services.common.kernel.day import parse_day
from services.credit.domain.facts import ComplaintStatus, Complaint, Penalty
from services.credit.domain.policy import RESPONSES
from services.credit.domain.publicity import PenaltyKind, Severity

Row = Mapping[str, str]
SCHEMA = 1


class Kind(Enum):
    """What a row can be: a complaint, a penalty, or an occasion for either."""

    COMPLAINT = "COMPLAINT"
    PENALTY = "PENALTY"
    EXPOSURE = "EXPOSURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Holds for a row whose columns have accepted values and none of the excluded ones."""

    when: Mapping[str, frozenset[str]]
    unless: Mapping[str, frozenset[str]]

    def holds(self, row: Row) -> bool:
        """Tell whether a row is meant; raises KeyError for an absent column."""
        accepted = all(row[column] in values for column, values in self.when.items())
        return accepted and not any(row[column] in values for column, values in self.unless.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One fact that rows give: the kind, with the outcome and response of a complaint or the severity of a penalty."""

    condition: Condition
    kind: Kind
    outcome: int = 0
    response: int = 0
    severity: int = 0

    def body(self, subject: str, number: int, day: date) -> Complaint | Penalty | None:
        """Return the fact of a row; None for an exposure."""
        match self.kind:
            case Kind.COMPLAINT:
                return Complaint(subject, str(number), 1, self.outcome, day, day, self.response, 0)
            case Kind.PENALTY:
                return Penalty(subject, str(number), PenaltyKind.OTHER, self.severity, 0, 0, day, "", "", "", revoked=False)
            case Kind.EXPOSURE:
                return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file: which columns name the subject and the day, and what its rows give."""

    subject: str
    date: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping_:
    """Both files, and which rows of the outcomes are what is to be foretold."""
