"""The statistics of complaints by RPC (Order 20 art. 34): whose cases a caller counts, and the counts with their growth."""

from collections.abc import Hashable, Sequence
from datetime import date

from merchantcredit.credit.v1 import complaint_service_pb2 as pb

from services.common.auth.actor import Actor, Role
from services.common.clock import Clock, china_day
from services.common.errors import invalid
from services.common.kernel import credit_code
from services.common.kernel.day import parse_month
from services.credit.adapters.case_reader import CaseReader, Filed
from services.credit.api import complaint_convert as convert
from services.credit.domain.cases import statistics
from services.credit.domain.cases.answers import Response
from services.credit.domain.cases.outcome import outcome, response
from services.credit.domain.cases.states import CaseKind
from services.credit.domain.cases.statistics import Dimension, Summary

OFFICES = frozenset({Role.REGULATOR, Role.OFFICE})
MOST_GROUPS = 1000
MOST_MONTHS = 36
_DIMENSIONS = {1: Dimension.MERCHANT, 2: Dimension.PLATFORM, 3: Dimension.REGION, 4: Dimension.MONTH}
_Key = tuple[Hashable, ...]


class CountComplaints:
    """Answers GetComplaintStatistics."""

    def __init__(self, reader: CaseReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def answer(self, actor: Actor, request: pb.GetComplaintStatisticsRequest) -> pb.GetComplaintStatisticsResponse:
        """Count; raises InvalidInput for a merchant that is not named, months that are none, or an unknown dimension."""
        code = _whose(actor, request.credit_code)
        first, last = _months(request)
        if any(d not in _DIMENSIONS for d in request.dimensions):
            raise invalid("dimensions", "give MERCHANT, PLATFORM, REGION or MONTH")
        only_published = not actor.has(*OFFICES) and actor.subject != code
        year_before = first.replace(year=max(first.year - 1, 1))
        cases = list(self._reader.received(year_before, _next(last), code=code, only_published=only_published))
        return _response(self._summaries(cases), first, last, [_DIMENSIONS[d] for d in request.dimensions])

    def _summaries(self, cases: Sequence[Filed]) -> list[Summary]:
        day = china_day(self._clock.now())
        regions = self._reader.regions(sorted({one.body.code for one in cases}))
        return [_summary(one, regions, day) for one in cases]


def _whose(actor: Actor, asked: str) -> str:
    """Return whose cases are counted: all (empty) for an office that names none, else the one named or the caller's own."""
    if not asked and actor.has(*OFFICES):
        return ""
    if not asked and not actor.has(Role.MERCHANT):
        raise invalid("credit_code", "name a merchant: an office alone counts the cases of all")
    return credit_code.parse(asked or actor.subject)


def _months(request: pb.GetComplaintStatisticsRequest) -> tuple[date, date]:
    first, last = parse_month(request.first_month, "first_month"), parse_month(request.last_month, "last_month")
    if not 0 <= (last.year - first.year) * 12 + last.month - first.month < MOST_MONTHS:
        raise invalid("last_month", f"give a month from the first on, at most {MOST_MONTHS} months")
    return first, last


def _response(
    told: list[Summary], first: date, last: date, dimensions: list[Dimension]
) -> pb.GetComplaintStatisticsResponse:
    groups = statistics.count((one for one in told if one.received_on >= first), *dimensions)
    named = sorted((tuple(map(_word, key)), key, counted) for key, counted in groups.items())
    beside = [dimension for dimension in dimensions if dimension is not Dimension.MONTH]
    by_month = statistics.count(told, *beside, Dimension.MONTH)
    of_all = statistics.growth(statistics.count(told, Dimension.MONTH), (), last)
    return pb.GetComplaintStatisticsResponse(
        groups=[
            convert.counts(name, counted, statistics.growth(by_month, *_place(key, dimensions, last)))
            for name, key, counted in named[:MOST_GROUPS]
        ],
        is_truncated=len(named) > MOST_GROUPS,
        last_month_received=of_all.received,
        growth_against_month_before_permille=of_all.against_month_before_permille,
        growth_against_year_before_permille=of_all.against_year_before_permille,
    )


def _place(key: _Key, dimensions: list[Dimension], last: date) -> tuple[_Key, date]:
    """Return a group without its month, and that month; the last one where months are not asked apart."""
    beside = tuple(value for value, dimension in zip(key, dimensions, strict=True) if dimension is not Dimension.MONTH)
    months = [value for value in key if isinstance(value, date)]
    return beside, months[0] if months else last


def _summary(one: Filed, regions: dict[str, str], day: date) -> Summary:
    body = one.body
    return Summary(
        body.code, body.platform_code, regions.get(body.code, ""), one.case.received_on, outcome(one.case),
        response(one.case, day, Response(body.response)), one.case.kind is CaseKind.LEAD,
    )  # fmt: skip


def _word(value: object) -> str:
    return f"{value:%Y-%m}" if isinstance(value, date) else str(value)


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
