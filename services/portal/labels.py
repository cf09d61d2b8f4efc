"""Names of what the services tell by code: rules, statuses, kinds of facts, regions, defects of a credit code."""

from merchantcredit.events.v1.enterprise_pb2 import OperatingStatus

from services.common.kernel import region
from services.common.kernel.credit_code import LENGTH

_RULES = {
    "base": ("基准分", "Starting points"),
    "registration.age": ("经营年限", "Years in business"),
    "registration.status": ("经营状态", "Operating status"),
    "complaint.rate": ("投诉率", "Complaint rate"),
    "complaint.relief_cap": ("低投诉率加分上限", "Cap on what a low rate wins"),
    "complaint.cap": ("投诉扣分上限", "Cap on complaints"),
    "penalty.serious": ("严重行政处罚", "Serious penalties"),
    "penalty.ordinary": ("一般行政处罚", "Ordinary penalties"),
    "penalty.minor": ("轻微行政处罚", "Minor penalties"),
    "penalty.cap": ("处罚扣分上限", "Cap on penalties"),
    "score.bound": ("得分范围", "Bounds of the score"),
    "list.override": ("列入名单", "Listed"),
}
_STATUSES: dict[int, tuple[str, str]] = {
    OperatingStatus.OPERATING_STATUS_OPERATING: ("在营", "Operating"),
    OperatingStatus.OPERATING_STATUS_MOVED_OUT: ("迁出", "Moved out"),
    OperatingStatus.OPERATING_STATUS_DEREGISTERED: ("注销", "Deregistered"),
    OperatingStatus.OPERATING_STATUS_LICENCE_REVOKED: ("吊销", "Licence revoked"),
    OperatingStatus.OPERATING_STATUS_ANNULLED: ("撤销", "Annulled"),
    OperatingStatus.OPERATING_STATUS_CLOSED: ("停业", "Closed"),
    OperatingStatus.OPERATING_STATUS_DORMANT: ("歇业", "Dormant"),
}
_KINDS = {"complaint": ("投诉", "Complaint"), "penalty": ("行政处罚", "Penalty"), "listing": ("列入名单", "Listing")}
_DEFECTS = {
    "EMPTY": ("没有输入代码。", "No code was given."),
    "LENGTH": ("代码应为 {length} 位，这里是 {count} 位。", "A code has {length} characters, this has {count}."),
    "ALPHABET": (
        "含有代码里不会出现的字符。代码只用数字和大写字母，且不用 I、O、S、V、Z。",
        "It holds characters that no code has: only digits and capital letters other than I, O, S, V, Z are used.",
    ),
    "REGION": (
        "第 3 至 8 位应为数字（登记机关所在地）。",
        "Characters 3 to 8 must be digits (the registrar's region).",
    ),
    "CHECK_CHARACTER": (
        "最后一位校验不符，多半有一位抄错了，请与营业执照核对。",
        "The last character does not fit the others; most likely one was mistyped: compare it with the licence.",
    ),
}


def _pick(pair: tuple[str, str], lang: str) -> str:
    return pair[1] if lang == "en" else pair[0]


def rule(rule_id: str, lang: str) -> str:
    """Return a rule's name; the id itself for a rule that this page does not know."""
    return _pick(_RULES.get(rule_id, (rule_id, rule_id)), lang)


def status(value: int, lang: str) -> str:
    """Return an OperatingStatus in words; empty when it was not told."""
    return _pick(_STATUSES.get(value, ("", "")), lang)


def status_of_text(text: str, lang: str) -> str:
    """Return a status that is told in Chinese, in the reader's language; as it is when it is none of the known."""
    known = next((pair for pair in _STATUSES.values() if pair[0] in text), (text, text))
    return _pick(known, lang)


def is_operating(text: str) -> bool:
    """Tell whether a status told in either language is that of an enterprise in operation."""
    return any(word in text for word in _STATUSES[OperatingStatus.OPERATING_STATUS_OPERATING])


def kind(name: str, lang: str) -> str:
    """Return the name of a kind of fact."""
    return _pick(_KINDS.get(name, (name, name)), lang)


def place(code: str, lang: str) -> str:
    """Return the name of a region by its code; the code itself outside Guizhou, empty when there is none."""
    found = region.lookup(code)
    if found is None:
        return code
    return found.english if lang == "en" else found.name


def defect(name: str, code: str, lang: str) -> str:
    """Return what is wrong with a credit code, in a sentence."""
    return _pick(_DEFECTS[name], lang).format(length=LENGTH, count=len(code))
