"""Text to the values of protos: enums by any of their words, money to fen, counts; errors name the field and the fix."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from google.protobuf.descriptor import EnumDescriptor

from services.common.errors import invalid

_LICENCE = (
    "暂扣许可证件", "降低资质等级", "吊销许可证件", "暂扣或者吊销许可证", "暂扣或者吊销执照", "暂扣或吊销许可证",
    "暂扣或吊销执照", "吊销营业执照",
)  # fmt: skip
_RESTRICTION = ("限制经营", "限制开展生产经营活动", "责令停产停业", "责令关闭", "限制从业")
#: Suffixes of the fields that hold money, and how many fen a unit is.
UNITS = {"fen": 1, "yuan": 100, "wan_yuan": 1_000_000}
#: What sources write in Chinese for an enum's value; the same word may mean another thing in another enum.
WORDS: dict[str, dict[str, str]] = {
    "OperatingStatus": {
        **dict.fromkeys(("存续", "在营", "开业", "在册", "在营（开业）", "存续（在营、开业、在册）"), "OPERATING"),
        "迁出": "MOVED_OUT",
        "注销": "DEREGISTERED",
        "撤销": "ANNULLED",
        "停业": "CLOSED",
        "歇业": "DORMANT",
        **dict.fromkeys(("吊销", "吊销，未注销"), "LICENCE_REVOKED"),
        "吊销，已注销": "DEREGISTERED",
    },
    "ComplaintKind": {"投诉": "DISPUTE", "举报": "LEAD"},
    "ComplaintStatus": {
        "收到": "RECEIVED",
        "受理": "ACCEPTED",
        "调解中": "MEDIATING",
        "不予受理": "REFUSED",
        **dict.fromkeys(("达成协议", "达成", "和解"), "AGREED"),
        **dict.fromkeys(("终止调解", "未达成"), "TERMINATED"),
        "撤回": "WITHDRAWN",
        "中止": "SUSPENDED",
        "告知": "NOTIFIED",
        **dict.fromkeys(("分送", "移送"), "REFERRED"),
        "合并": "MERGED",
        "核查": "CHECKING",
        "立案": "FILED",
        "不予立案": "NOT_FILED",
        "告知举报人": "INFORMED",
    },
    "AnswerCategory": {
        "同意退款": "AGREE_REFUND",
        "同意换货": "AGREE_REPLACE",
        "同意维修": "AGREE_REPAIR",
        "部分同意": "PARTIAL",
        "不同意": "REFUSE_WITH_REASON",
        "非本店": "NOT_MY_SHOP",
        "已和解": "ALREADY_SETTLED",
    },
    "MerchantResponse": {"按时": "IN_TIME", "逾期": "LATE", "未回应": "NONE"},
    "ProblemType": {
        "质量": "QUALITY",
        "售后": "AFTER_SALES",
        "虚假宣传": "FALSE_ADVERTISING",
        "合同": "CONTRACT",
        "价格": "PRICE",
        "安全": "SAFETY",
        "假冒": "COUNTERFEIT",
        "其他": "OTHER",
    },
    "PenaltyKind": {
        "警告": "WARNING",
        "通报批评": "CRITICISM",
        "罚款": "FINE",
        **dict.fromkeys(("没收", "没收违法所得", "没收非法财物"), "CONFISCATION"),
        **dict.fromkeys(_LICENCE, "LICENCE"),
        **dict.fromkeys(_RESTRICTION, "RESTRICTION"),
        "其他": "OTHER",
    },
    "FeedbackKind": {
        "已送达": "DELIVERED",
        **dict.fromkeys(("已接收", "已认领"), "ACKNOWLEDGED"),
        "已执行": "APPLIED",
        "不执行": "DECLINED",
        "已反馈": "REPORTED",
        "已解除": "LIFT_CONFIRMED",
    },
    "DeclineReason": {
        "无权限": "NOT_COMPETENT",
        "依据不适用": "BASIS_NOT_APPLICABLE",
        "主体不符": "WRONG_ENTERPRISE",
        "主体已终止": "ENTERPRISE_ENDED",
        "过惩不当": "DISPROPORTIONATE",
    },
    "Severity": {"轻微": "MINOR", "一般": "ORDINARY", "严重": "SERIOUS"},
    "DecisionState": {"有效": "IN_FORCE", "撤销": "REVOKED", "撤消": "REVOKED", "修复": "REPAIRED"},
}


def enum(descriptor: EnumDescriptor, text: str, field: str) -> int:
    """Return an enum's number for its name, its name without the prefix, its Chinese word or the number; 0 for empty."""
    if not text:
        return 0
    number = _numbers(descriptor).get(text.upper())
    if number is None:
        words = ", ".join(word for word in _numbers(descriptor) if not word.isdigit())
        raise invalid(field, f"{text[:40]!r} is none of {words}")
    return number


@lru_cache
def _numbers(descriptor: EnumDescriptor) -> dict[str, int]:
    values = {value.name: value.number for value in descriptor.values}
    prefix = descriptor.values_by_number[0].name.removesuffix("UNSPECIFIED")
    short = {name.removeprefix(prefix): number for name, number in values.items()}
    words = {word: short[name] for word, name in WORDS.get(descriptor.name, {}).items()}
    return short | values | words | {str(number): number for number in values.values()}


def fen(text: str, field: str, *, fen_per_unit: int = 1) -> int:
    """Return an amount in fen; raises InvalidInput when it is negative, no number, or finer than a fen."""
    try:
        amount = Decimal(text.replace(",", "")) * fen_per_unit
    except InvalidOperation as error:
        raise invalid(field, f"{text[:40]!r} is no amount: write digits") from error
    if not amount.is_finite() or amount < 0 or amount != int(amount) or amount >= 2**63:
        raise invalid(field, f"{text[:40]!r} is no amount in whole fen: check the unit and the sign")
    return int(amount)


def count(text: str, field: str, *, limit: int) -> int:
    """Return a count from 0 to `limit`; raises InvalidInput naming the field."""
    if not (text.isascii() and text.isdigit()) or int(text) > limit:
        raise invalid(field, f"{text[:40]!r} is no count: write 0 to {limit}")
    return int(text)


def moment(text: str, field: str) -> datetime:
    """Return a moment in UTC; raises InvalidInput naming the field for what is no RFC 3339 time with an offset."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(field, f"{text[:40]!r} is no time: write RFC 3339 with an offset") from error
    if found.tzinfo is None:
        raise invalid(field, f"{text[:40]!r} has no offset: write for example 2026-01-31T08:00:00+08:00")
    return found.astimezone(UTC)


def text(value: str, field: str, *, limit: int, required: bool = False) -> str:
    """Return a text of at most `limit` characters; raises InvalidInput when it is longer, or empty but required."""
    if required and not value:
        raise invalid(field, "the value is absent: fill the column, or map one with --map COLUMN=FIELD")
    if len(value) > limit:
        raise invalid(field, f"{len(value)} characters: at most {limit}")
    return value
