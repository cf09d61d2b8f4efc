"""A published penalty to a row of a 双公示 form, of 2015 or of 2018, that `load violations` reads as the same penalty.

Columns that we keep nothing for stay empty: other codes of the enterprise, and all that names a person.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from merchantcredit.credit.v1.credit_service_pb2 import PublishedPenalty
from merchantcredit.events.v1.violation_pb2 import PenaltyKind, Severity, ViolationReported

from services.cli.loading.penalty_form import WEIGHTS
from services.common.clock import CHINA

HEADERS: Mapping[int, tuple[str, ...]] = {
    2015: (
        "CF_WSH", "CF_CFMC", "CF_CFLB1", "CF_CFLB2", "CF_SY", "CF_YJ", "CF_XDR_MC", "CF_XDR_SHXYM", "CF_XDR_ZDM",
        "CF_XDR_GSDJ", "CF_XDR_SWDJ", "CF_XDR_SFZ", "CF_FR", "CF_JG", "CF_JDRQ", "CF_XZJG", "CF_ZT", "DFBM", "SJC", "BZ",
    ),
    2018: (
        "CF_XDR_MC", "CF_XDR_LB", "CF_XDR_SHXYM", "CF_XDR_GSZC", "CF_XDR_ZZJG", "CF_XDR_SWDJ", "CF_XDR_SYDW",
        "CF_XDR_SHZZ", "CF_FRDB", "CF_FR_ZJLX", "CF_FR_ZJHM", "CF_XDR_ZJLX", "CF_XDR_ZJHM", "CF_WSH", "CF_WFXW",
        "CF_SY", "CF_YJ", "CF_CFLB", "CF_NR", "CF_NR_FK", "CF_NR_WFFF", "CF_NR_ZKDX", "CF_JDRQ", "CF_YXQ", "CF_GSJZQ",
        "CF_CFJG", "CF_CFJGDM", "CF_SJLY", "CF_SJLYDM", "BZ",
    ),
}  # fmt: skip
_FINE, _CONFISCATION = PenaltyKind.PENALTY_KIND_FINE, PenaltyKind.PENALTY_KIND_CONFISCATION
_KINDS: Mapping[int, str] = {
    PenaltyKind.PENALTY_KIND_WARNING: "警告",
    _FINE: "罚款",
    _CONFISCATION: "没收违法所得、没收非法财物",
    PenaltyKind.PENALTY_KIND_LICENCE: "暂扣许可证件、降低资质等级、吊销许可证件",
    PenaltyKind.PENALTY_KIND_RESTRICTION: "限制开展生产经营活动、责令停产停业、责令关闭、限制从业",
    PenaltyKind.PENALTY_KIND_OTHER: "其他",
    PenaltyKind.PENALTY_KIND_CRITICISM: "通报批评",
}
_CLASSES = {Severity.SEVERITY_MINOR: "轻微", Severity.SEVERITY_ORDINARY: "一般", Severity.SEVERITY_SERIOUS: "严重"}
#: 个体工商户, by the second character of their codes (GB 32100-2015).
_SOLE_TRADER = "92"
Row = Mapping[str, str]


def row_of(form: int, published: PublishedPenalty) -> Row:
    """Return the row of a penalty with every column of a form."""
    filled = _of_2015(published) if form == 2015 else _of_2018(published)
    return {**dict.fromkeys(HEADERS[form], ""), **_common(published), **filled}


def _common(published: PublishedPenalty) -> Row:
    told = published.penalty
    return {
        "CF_WSH": told.document_number,
        "CF_XDR_MC": published.enterprise_name,
        "CF_XDR_SHXYM": told.credit_code,
        "CF_YJ": told.legal_basis,
        "CF_JDRQ": told.decided_on,
        # No column of a form holds the class of NDRC Order 36.
        "BZ": f"失信等级：{_CLASSES[told.severity]}" if told.severity else "",
    }


def _of_2015(published: PublishedPenalty) -> Row:
    told = published.penalty
    first, *others = _kinds(told)
    return {
        "CF_CFMC": told.conduct_type,
        "CF_SY": told.conduct_type,
        "CF_CFLB1": first,
        "CF_CFLB2": ";".join(others),
        "CF_JG": _content(told),
        "CF_XZJG": told.authority_name,
        "CF_ZT": "0",
        "SJC": published.told_time.ToDatetime(CHINA).replace(tzinfo=None).isoformat(" "),
    }


def _of_2018(published: PublishedPenalty) -> Row:
    told = published.penalty
    last = date.fromisoformat(published.until) - timedelta(days=1)
    return {
        "CF_XDR_LB": "个体工商户" if told.credit_code.startswith(_SOLE_TRADER) else "法人及非法人组织",
        "CF_WFXW": told.conduct_type,
        "CF_CFLB": ";".join(_kinds(told)),
        "CF_NR": _content(told),
        "CF_NR_FK": _wan_yuan(told.fine_fen) if told.HasField("fine_fen") else "",
        "CF_NR_WFFF": _wan_yuan(told.confiscated_fen) if told.HasField("confiscated_fen") else "",
        "CF_GSJZQ": last.isoformat(),
        "CF_CFJG": told.authority_name,
        "CF_CFJGDM": told.authority_code,
    }


def _kinds(told: ViolationReported) -> list[str]:
    """Return the words of the kind, and of the lighter ones that its amounts tell of."""
    beside = [kind for kind, fen in ((_FINE, told.fine_fen), (_CONFISCATION, told.confiscated_fen)) if fen]
    weight = WEIGHTS.index(told.penalty_kind)
    return [_KINDS[told.penalty_kind], *(_KINDS[kind] for kind in beside if WEIGHTS.index(kind) < weight)]


def _content(told: ViolationReported) -> str:
    """Return what the decision imposes, in words that a load reads; nothing for a fine of which no amount was told."""
    return "；".join(_amounts(told)) or ("" if told.penalty_kind == _FINE else _KINDS[told.penalty_kind])


def _amounts(told: ViolationReported) -> Iterator[str]:
    if told.HasField("fine_fen"):
        yield f"罚款{_yuan(told.fine_fen)}元"
    if told.HasField("confiscated_fen"):
        yield f"没收违法所得、非法财物{_yuan(told.confiscated_fen)}元"


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"


def _wan_yuan(fen: int) -> str:
    return f"{fen // 1_000_000}.{fen % 1_000_000:06}"
