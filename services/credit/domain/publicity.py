"""How grave a penalty is, whether it is published, and how long: by the rule in force on the day of its decision.

SAMR Order 45 (from 2021-09-01): a mere warning is not published; 3 months for mere criticism or a small fine, else 3 years.
NDRC Order 36 (from 2026-04-01): minor not published in principle, at most 3 months; ordinary at most 1 year; serious at
most 3 years; the clock starts with the date of the document. Order 45 counts from the day of publicity, which is at most
20 working days after the decision and is not told to us: the day of the decision stands in for it, in the merchant's favour.
A decision older than Order 45 is judged by it too: no older rule is kept.
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
    """Kinds of the Administrative Penalty Law 2021, art. 9; criticism apart from warning, as only Order 45 publishes it."""

    WARNING = 1
    FINE = 2
    CONFISCATION = 3
    LICENCE = 4
    RESTRICTION = 5
    OTHER = 6
    CRITICISM = 7


class Regime(NamedTuple):
    """One rule: its name, its first day, the months of publicity by severity, and the kinds that it does not publish."""

    name: str
    effective_from: date
    months: dict[int, int]
    unpublished: frozenset[int]


_THREE_YEARS = 36
_REPROOFS = frozenset({PenaltyKind.WARNING, PenaltyKind.CRITICISM})
REGIMES = (
    Regime("NDRC Order 36, arts. on publicity periods", date(2026, 4, 1), {1: 3, 2: 12, 3: 36}, _REPROOFS),
    Regime(
        "SAMR Order 45, art. 13",
        date.min,
        {1: 3, 2: _THREE_YEARS, 3: _THREE_YEARS},
        frozenset({PenaltyKind.WARNING}),
    ),
)
#: Fines below 50,000 yuan count as ordinary, from there on as serious, when the authority gave no class (unconfirmed).
SERIOUS_FINE_FEN = 5_000_000
#: 3,000 yuan: the limit of the summary procedure for organisations (Administrative Penalty Law art. 51).
SUMMARY_FINE_FEN = 300_000
_SERIOUS_KINDS = frozenset({PenaltyKind.LICENCE, PenaltyKind.RESTRICTION})


def severity_of(severity: int, kind: int, money_fen: int) -> Severity:
    """Return the class that the authority gave, else the one that kind and money imply, alike under both rules.

    Minor is a reproof or a small fine: what the summary procedure may impose (Administrative Penalty Law art. 51; NDRC Order
    36, examples of minor), and what Order 45 publishes for 3 months. A confiscation, however small, is not among them.
    """
    if severity:
        return Severity(severity)
    if kind in _SERIOUS_KINDS or money_fen >= SERIOUS_FINE_FEN:
        return Severity.SERIOUS
    if kind in _REPROOFS or (kind == PenaltyKind.FINE and money_fen <= SUMMARY_FINE_FEN):
        return Severity.MINOR
    return Severity.ORDINARY


def regime(decided_on: date) -> Regime:
    """Return the rule in force on the day of a decision."""
    return next(rule for rule in REGIMES if decided_on >= rule.effective_from)


def window_end(severity: int, decided_on: date) -> date:
    """Return the first day on which a penalty is no longer published."""
    return add_months(decided_on, regime(decided_on).months[severity])


#: The longest window of all rules: what was decided longer ago is published no more.
LONGEST_MONTHS = max(max(rule.months.values()) for rule in REGIMES)


def is_published(kind: int, money_fen: int, decided_on: date) -> bool:
    """Tell whether the law publishes the penalty at all: a mere reproof is not, by the rule of its day."""
    return money_fen > 0 or kind not in regime(decided_on).unpublished
