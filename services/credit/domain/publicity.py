"""How long a penalty is published, by the rule in force on the day of its decision.

SAMR Order 45 (from 2021-09-01): a mere warning is not published; 3 months for criticism or a small fine, else 3 years.
NDRC Order 36 (from 2026-04-01): minor not published in principle, at most 3 months; ordinary at most 1 year; serious at
most 3 years; the clock starts with the date of the document. Order 45 counts from the day of publicity, which is at most
20 working days after the decision and is not told to us: the day of the decision stands in for it, in the merchant's favour.
"""

from datetime import date
from enum import IntEnum
from typing import NamedTuple

from services.common.kernel.day import add_months


class Severity(IntEnum):
    """The severity class of a penalty."""

    MINOR = 1
    ORDINARY = 2
    SERIOUS = 3


class PenaltyKind(IntEnum):
    """Kinds of the Administrative Penalty Law 2021, art. 9."""

    WARNING = 1
    FINE = 2
    CONFISCATION = 3
    LICENCE = 4
    RESTRICTION = 5
    OTHER = 6


class Regime(NamedTuple):
    """One rule: its name, its first day, and the months of publicity by severity."""

    name: str
    effective_from: date
    months: dict[int, int]


_THREE_YEARS = 36
REGIMES = (
    Regime("NDRC Order 36, arts. on publicity periods", date(2026, 4, 1), {1: 3, 2: 12, 3: 36}),
    Regime("SAMR Order 45, art. 13", date.min, {1: 3, 2: _THREE_YEARS, 3: _THREE_YEARS}),
)
#: Fines below 50,000 yuan count as ordinary, from there on as serious, when the authority gave no class (unconfirmed).
SERIOUS_FINE_FEN = 5_000_000
#: 3,000 yuan: the limit of the summary procedure for organisations (Administrative Penalty Law art. 51).
SUMMARY_FINE_FEN = 300_000
_SERIOUS_KINDS = frozenset({PenaltyKind.LICENCE, PenaltyKind.RESTRICTION})


def severity_of(severity: int, kind: int, money_fen: int) -> Severity:
    """Return the class that the authority gave, else the one that kind and money imply (NDRC Order 36, examples)."""
    if severity:
        return Severity(severity)
    if kind in _SERIOUS_KINDS or money_fen >= SERIOUS_FINE_FEN:
        return Severity.SERIOUS
    if kind == PenaltyKind.WARNING or money_fen <= SUMMARY_FINE_FEN:
        return Severity.MINOR
    return Severity.ORDINARY


def regime(decided_on: date) -> Regime:
    """Return the rule in force on the day of a decision."""
    return next(rule for rule in REGIMES if decided_on >= rule.effective_from)


def window_end(severity: int, decided_on: date) -> date:
    """Return the first day on which a penalty is no longer published."""
    return add_months(decided_on, regime(decided_on).months[severity])


def is_published(kind: int, fine_fen: int) -> bool:
    """Tell whether the law publishes the penalty at all: a mere warning is not (Order 45; Order 36, in principle)."""
    return kind != PenaltyKind.WARNING or fine_fen > 0
