"""The shape of a complaint regime: its periods and closed lists of reasons, each with its article."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType


class ClockKind(StrEnum):
    """The periods that run in a case."""

    #: Accept or refuse a dispute, and tell the complainant.
    DECIDE = "DECIDE"
    #: Bring a mediation to an end.
    MEDIATE = "MEDIATE"
    #: Tell both sides that the mediation was terminated.
    NOTIFY = "NOTIFY"
    #: Check a lead and decide whether to file a case.
    CHECK = "CHECK"
    #: Tell an informer who gave a real name what was decided.
    INFORM = "INFORM"
    #: The merchant's answer to an accepted dispute.
    ANSWER = "ANSWER"


class Unit(StrEnum):
    """How the days of a period are counted."""

    WORKING_DAYS = "WORKING_DAYS"
    CALENDAR_DAYS = "CALENDAR_DAYS"


class Effect(StrEnum):
    """What a terminated mediation says of the merchant."""

    #: The mediation failed.
    FAILED = "FAILED"
    #: The two sides settled without the office.
    SETTLED = "SETTLED"
    #: It should not have been mediated, or the complainant let it lie: it says nothing.
    VOID = "VOID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A period of law: days, their unit, the days that an approved extension adds, and the article.

    `is_confirmed` is false where no source at hand confirms the number; it then stands here to be corrected as data.
    """

    days: int
    article: str
    unit: Unit = Unit.WORKING_DAYS
    extension: int = 0
    is_confirmed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason of a closed list: code, Chinese wording, article; `effect` only for a terminated mediation."""

    code: str
    wording: str
    article: str
    effect: Effect = Effect.VOID
    is_confirmed: bool = True


Reasons = Mapping[str, Reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """The rules that hold from a day on; clocks keep its `id`, and find their period by it again."""

    id: str
    title: str
    citation: str
    effective_from: date
    periods: Mapping[ClockKind, Period]
    refusals: Reasons
    terminations: Reasons
    suspensions: Reasons
    not_filed: Reasons


def by_code(reasons: Iterable[Reason]) -> Reasons:
    """Return a closed list of reasons by code, which nobody can change."""
    return MappingProxyType({reason.code: reason for reason in reasons})
