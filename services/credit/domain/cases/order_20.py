"""SAMR Order 20 (2019): 市场监督管理投诉举报处理暂行办法, in force 2020-01-01, amended by Orders 55 and 61 of 2022.

Reasons of not filing a case are those of 市场监督管理行政处罚程序规定 (Order 2, 2018; Orders 42 and 61), which Order 20 art. 31
points to; no source at hand confirms their wording.
"""

from datetime import date
from types import MappingProxyType

from services.credit.domain.cases.law import ClockKind, Effect, Period, Reason, Regime, by_code

_PENALTY_RULE = "市场监督管理行政处罚程序规定"
_ART_15 = "总局令第20号 第十五条"
_ART_21 = "总局令第20号 第二十一条第一款"

PERIODS = {
    ClockKind.DECIDE: Period(days=7, article="总局令第20号 第十四条"),
    ClockKind.MEDIATE: Period(days=45, article=f"{_ART_21}第(五)项"),
    ClockKind.NOTIFY: Period(days=7, article="总局令第20号 第二十一条第二款"),
    ClockKind.CHECK: Period(days=15, extension=15, article=f"总局令第20号 第二十三条；{_PENALTY_RULE} 第十八条"),
    ClockKind.INFORM: Period(days=5, article="总局令第20号 第三十一条第二款"),
    # No rule gives the merchant a period; ten working days are those of the platform's on-line settlement.
    ClockKind.ANSWER: Period(days=10, article="全国12315平台 在线消费纠纷解决(ODR)", is_confirmed=False),
}

REFUSALS = (
    Reason(code="NOT_COMPETENT", wording="不属于市场监督管理部门职责或者本机关不具有处理权限", article=f"{_ART_15}第(一)项"),
    Reason(code="HANDLED_ELSEWHERE", wording="同一争议已经由其他机关或者组织受理或者处理", article=f"{_ART_15}第(二)项"),
    Reason(code="NO_CONSUMER_DISPUTE", wording="不是为生活消费需要，或者不能证明存在消费者权益争议", article=f"{_ART_15}第(三)项"),
    Reason(code="TIME_BARRED", wording="知道或者应当知道权益受到侵害之日起超过三年", article=f"{_ART_15}第(四)项"),
    Reason(code="MATERIAL_MISSING", wording="未提供姓名、电话、地址、被投诉人、请求与事实等材料", article=f"{_ART_15}第(五)项"),
    Reason(code="OTHER_LAW", wording="法律、法规、规章规定不予受理的其他情形", article=f"{_ART_15}第(六)项"),
)  # fmt: skip

TERMINATIONS = (
    Reason(code="SETTLED_PRIVATELY", wording="双方自行和解", article=f"{_ART_21}第(一)项", effect=Effect.SETTLED),
    Reason(code="NO_AGREED_LABORATORY", wording="对技术机构或者费用承担无法协商一致", article=f"{_ART_21}第(二)项", effect=Effect.FAILED),
    Reason(code="COMPLAINANT_ABSENT", wording="投诉人无正当理由不参加调解", article=f"{_ART_21}第(三)项"),
    Reason(code="RESPONDENT_ABSENT", wording="被投诉人无正当理由不参加调解", article=f"{_ART_21}第(三)项", effect=Effect.FAILED),
    Reason(code="RESPONDENT_REFUSES", wording="被投诉人明确拒绝调解", article=f"{_ART_21}第(三)项", effect=Effect.FAILED),
    Reason(code="NO_AGREEMENT", wording="经组织调解，明确表示无法达成调解协议", article=f"{_ART_21}第(四)项", effect=Effect.FAILED),
    Reason(code="PERIOD_OVER", wording="期限内未能达成调解协议", article=f"{_ART_21}第(五)项", effect=Effect.FAILED),
    Reason(code="FOUND_REFUSABLE", wording="受理后发现存在不予受理的情形", article=f"{_ART_21}第(六)项"),
    Reason(code="OTHER_LAW", wording="法律、法规、规章规定应当终止调解的其他情形", article=f"{_ART_21}第(七)项"),
)  # fmt: skip

SUSPENSIONS = (
    Reason(code="TESTING", wording="检定、检验、检测、鉴定", article="总局令第20号 第二十条"),
    Reason(code="RECUSAL", wording="调解人员回避", article="总局令第20号 第十九条", is_confirmed=False),
)


def _unfiled(code: str, wording: str, article: str) -> Reason:
    return Reason(code=code, wording=wording, article=f"{_PENALTY_RULE} {article}", is_confirmed=False)


NOT_FILED = (
    _unfiled("NO_EVIDENCE", "没有证据初步证明存在违法行为", "第十九条第(一)项"),
    _unfiled("NOT_PUNISHABLE", "依法不应当给予行政处罚", "第十九条第(二)项"),
    _unfiled("NOT_COMPETENT", "不属于本部门管辖", "第十九条第(三)项"),
    _unfiled("TIME_BARRED", "超过给予行政处罚的法定期限", "第十九条第(四)项"),
    _unfiled("MINOR_CORRECTED", "违法行为轻微并及时改正，没有造成危害后果", "第二十条第(一)项"),
    _unfiled("FIRST_CORRECTED", "初次违法且危害后果轻微并及时改正", "第二十条第(二)项"),
    _unfiled("NO_FAULT", "当事人有证据足以证明没有主观过错", "第二十条第(三)项"),
    _unfiled("OTHER_LAW", "依法可以不予立案的其他情形", "第二十条第(四)项"),
)  # fmt: skip

ORDER_20 = Regime(
    id="SAMR-20",
    title="市场监督管理投诉举报处理暂行办法",
    citation="国家市场监督管理总局令第20号（2019年），2022年第55号、第61号令修正",
    effective_from=date(2020, 1, 1),
    periods=MappingProxyType(PERIODS),
    refusals=by_code(REFUSALS),
    terminations=by_code(TERMINATIONS),
    suspensions=by_code(SUSPENSIONS),
    not_filed=by_code(NOT_FILED),
)
