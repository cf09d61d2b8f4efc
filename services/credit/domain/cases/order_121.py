"""SAMR Order 121: 市场监督管理投诉举报处理办法, published 2025-12-30, in force 2026-04-15.

What it changes against Order 20 is known, the numbers of its articles are not: what is taken over and what is new alike is
cited by the order alone and marked unconfirmed where the text could not be compared. Correct it here, as data.
"""

from dataclasses import replace
from datetime import date
from types import MappingProxyType

from services.credit.domain.cases import order_20
from services.credit.domain.cases.law import ClockKind, Period, Reason, Regime, Unit, by_code

_ORDER = "总局令第121号"


def _carried(entry: Reason) -> Reason:
    """Return a reason of Order 20 as Order 121 is taken to carry it on; rules beside the two orders stay as they are."""
    carries = entry.article.startswith("总局令第20号")
    return replace(entry, article=f"{_ORDER}（条号待核，原{entry.article}）", is_confirmed=False) if carries else entry


def _period(kind: ClockKind) -> Period:
    old = order_20.PERIODS[kind]
    return replace(old, article=f"{_ORDER}（条号待核，原{old.article}）", is_confirmed=False)


PERIODS = {
    **{kind: _period(kind) for kind in (ClockKind.DECIDE, ClockKind.NOTIFY, ClockKind.CHECK, ClockKind.INFORM)},
    # Sixty days as 消费者权益保护法实施条例 (2024) has them; that the order counts alike is assumed.
    ClockKind.MEDIATE: Period(
        days=60,
        unit=Unit.CALENDAR_DAYS,
        article=f"{_ORDER}（条号待核）；消费者权益保护法实施条例（2024）",
        is_confirmed=False,
    ),
    ClockKind.ANSWER: order_20.PERIODS[ClockKind.ANSWER],
}

_NEW_REFUSALS = (
    Reason(code="IDENTITY_UNVERIFIED", wording="拒绝核验真实身份", article=f"{_ORDER}（条号待核）", is_confirmed=False),
    Reason(code="ABUSE", wording="滥用投诉权利牟利", article=f"{_ORDER}（条号待核）", is_confirmed=False),
)
_NEW_TERMINATIONS = (
    Reason(code="FALSE_MATERIAL", wording="提供虚假材料", article=f"{_ORDER}（条号待核）", is_confirmed=False),
    Reason(code="FRAUD", wording="骗取赔偿", article=f"{_ORDER}（条号待核）", is_confirmed=False),
)
_NEW_NOT_FILED = (
    Reason(code="REPEATED", wording="重复举报", article=f"{_ORDER}（条号待核）", is_confirmed=False),
)  # fmt: skip

ORDER_121 = Regime(
    id="SAMR-121",
    title="市场监督管理投诉举报处理办法",
    citation="国家市场监督管理总局令第121号（2025年12月30日公布）",
    effective_from=date(2026, 4, 15),
    periods=MappingProxyType(PERIODS),
    refusals=by_code((*map(_carried, order_20.REFUSALS), *_NEW_REFUSALS)),
    terminations=by_code((*map(_carried, order_20.TERMINATIONS), *_NEW_TERMINATIONS)),
    suspensions=by_code(map(_carried, order_20.SUSPENSIONS)),
    not_filed=by_code((*order_20.NOT_FILED, *_NEW_NOT_FILED)),
)
