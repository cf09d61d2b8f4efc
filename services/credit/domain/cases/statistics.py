"""Statistics of complaints (Order 20 art. 34; 市场监督管理投诉信息公示暂行规则): counts, growth, rates, in per mille.

Only counts are added up, so groups can be added again; a rate is made last, and is unknown when nothing stands below it.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from services.common.kernel.day import first_of_month, month_index
from services.credit.domain.cases.answers import Response
from services.credit.domain.cases.outcome import Outcome

PER_MILLE = 1000


class Dimension(StrEnum):
    """By what cases are grouped."""

    MERCHANT = "merchant"
    PLATFORM = "platform"
    REGION = "region"
    MONTH = "month"


class Summary(NamedTuple):
    """What the statistics need of one case; region as a six-digit code, platform by its code, each empty when unknown."""

    merchant: str
    platform: str
    region: str
    received_on: date
    outcome: Outcome
    response: Response
    is_lead: bool = False


class Counts(NamedTuple):
    """Counts of cases; they add up. Disputes (投诉) are mediated; leads (举报) stand apart and in no other count."""

    received: int = 0
    agreed: int = 0
    failed: int = 0
    void: int = 0
    in_time: int = 0
    late: int = 0
    unanswered: int = 0
    leads: int = 0

    @property
    def mediation_success_permille(self) -> int | None:
        """Return agreements among ended mediations, rounded half up; None when none has ended."""
        return _permille(self.agreed, self.agreed + self.failed)

    @property
    def response_in_time_permille(self) -> int | None:
        """Return answers in time among cases whose deadline has shown how they were answered; None for none."""
        return _permille(self.in_time, self.in_time + self.late + self.unanswered)


class Growth(NamedTuple):
    """A month's receipts, and how they grew in per mille; None when there was none to grow from."""

    received: int
    against_month_before_permille: int | None
    against_year_before_permille: int | None


def count(cases: Iterable[Summary], *dimensions: Dimension) -> Mapping[tuple[Hashable, ...], Counts]:
    """Count cases by the values of some dimensions, in the order given; a month is its first day."""
    totals: dict[tuple[Hashable, ...], list[int]] = defaultdict(lambda: [0] * len(Counts._fields))
    for case in cases:
        for index in _fields_of(case):
            totals[tuple(_value(case, dimension) for dimension in dimensions)][index] += 1
    return {key: Counts(*total) for key, total in sorted(totals.items(), key=lambda item: str(item[0]))}


def growth(by_month: Mapping[tuple[Hashable, ...], Counts], group: tuple[Hashable, ...], month: date) -> Growth:
    """Return a group's receipts of a month and their growth, from counts whose last dimension is the month."""
    index = month_index(month)
    now, before, year_before = (
        by_month.get((*group, first_of_month(index - ago)), Counts()).received for ago in (0, 1, 12)
    )
    return Growth(now, _growth(now, before), _growth(now, year_before))


_RECEIVED = Counts._fields.index("received")
_LEADS = Counts._fields.index("leads")
_BY_OUTCOME = {
    Outcome.AGREED: Counts._fields.index("agreed"),
    Outcome.FAILED: Counts._fields.index("failed"),
    Outcome.VOID: Counts._fields.index("void"),
}
_BY_RESPONSE = {
    Response.IN_TIME: Counts._fields.index("in_time"),
    Response.LATE: Counts._fields.index("late"),
    Response.NONE: Counts._fields.index("unanswered"),
}


def _fields_of(case: Summary) -> list[int]:
    """Return the counts that a case adds to; how a void case was answered says nothing."""
    if case.is_lead:
        return [_LEADS]
    answered = None if case.outcome is Outcome.VOID else _BY_RESPONSE.get(case.response)
    return [index for index in (_RECEIVED, _BY_OUTCOME.get(case.outcome), answered) if index is not None]


def _value(case: Summary, dimension: Dimension) -> Hashable:
    if dimension is Dimension.MONTH:
        return case.received_on.replace(day=1)
    return str(getattr(case, dimension.value))


def _permille(part: int, whole: int) -> int | None:
    return (2 * part * PER_MILLE + whole) // (2 * whole) if whole else None


def _growth(now: int, before: int) -> int | None:
    found = _permille(now, before)
    return found - PER_MILLE if found is not None else None
