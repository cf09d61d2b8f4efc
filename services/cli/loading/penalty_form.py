"""A row of a 双公示 file of penalties (forms of 2015 and 2018) in our own words; a row that is not of a form stays as it is.

Forms: domain.md section 6. Sources fill the columns freely: several kinds in one cell, days with slashes, amounts in words.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from merchantcredit.events.v1.violation_pb2 import PenaltyKind

from services.cli.loading import values
from services.common.clock import CHINA
from services.common.errors import invalid

Told = Mapping[str, str]
#: From the lightest to the heaviest; a decision is known by the heaviest of its kinds.
WEIGHTS = tuple(
    PenaltyKind.Value(f"PENALTY_KIND_{name}")
    for name in ("WARNING", "CRITICISM", "FINE", "CONFISCATION", "OTHER", "LICENCE", "RESTRICTION")
)
#: Who is no enterprise, in CF_XDR_LB.
PERSON = "自然人"
#: `CF_ZT` of 2015: 0 normal, 1 revoked, 2 under objection, 3 other. What nobody touched tells nothing of the state.
_STATES = {"0": "", "1": "REVOKED", "2": ""}
_CLASS = re.compile(r"失信等级[：:](轻微|一般|严重)")
_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?: 0?0:00:00(?:\.0+)?)?")
_AMOUNT = r"(?:人民币)?([\d,]+(?:\.\d+)?)(万?)元"
_FINED = re.compile(f"罚款{_AMOUNT}")
_CONFISCATED = re.compile(f"没收[^，。；;罚]*?{_AMOUNT}")


def read_form(told: Told) -> Told:
    """Return a row by our fields only; raises InvalidInput naming the column when it is about a person or cannot be told."""
    if told.get("party_kind") == PERSON and not told.get("credit_code"):
        raise invalid("CF_XDR_LB", "the row is about a natural person: hand in penalties of enterprises only")
    read = {**told, "penalty_kind": _kind(told), "decided_on": _day(told.get("decided_on", ""))}
    read["state"] = told.get("state") or _state(told.get("form_state", ""))
    read["time"] = told.get("time") or _time(told.get("form_time", ""))
    if not told.get("severity") and (found := _CLASS.search(told.get("remark", ""))):
        read["severity"] = found[1]
    return {**read, **_amounts(told)}


def _kind(told: Told) -> str:
    """Return the number of the heaviest kind that the cells name; empty when they name none."""
    parts = [part for cell in ("penalty_kind", "second_kind") for part in re.split("[;；、,，]", told.get(cell, ""))]
    kinds = [_one_kind(part) for part in map(str.strip, parts) if part]
    return str(max(kinds, key=_weight) or "") if kinds else ""


def _one_kind(part: str) -> int:
    """Return the kind of a word; 其他-警告 is a warning that is filed under other."""
    words = [word for word in part.split("-") if word not in {"", "其他"}] or ["其他"]
    return max((values.enum(PenaltyKind.DESCRIPTOR, word, "penalty_kind") for word in words), key=_weight)


def _weight(kind: int) -> int:
    return WEIGHTS.index(kind) if kind in WEIGHTS else -1


def _state(told: str) -> str:
    if told == "3":
        raise invalid("CF_ZT", "3 (other) does not say what became of the decision: fill state with 有效, 撤销 or 修复")
    return _STATES.get(told, told)


def _day(text: str) -> str:
    """Return a day as YYYY-MM-DD where it is written as spreadsheets and databases do."""
    found = _DAY.fullmatch(text)
    return f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}" if found else text


def _time(text: str) -> str:
    """Return a time stamp, which the form writes without an offset, in Asia/Shanghai."""
    if not text:
        return ""
    try:
        return datetime.fromisoformat(_day(text).replace("/", "-")).replace(tzinfo=CHINA).isoformat()
    except ValueError as error:
        raise invalid("SJC", f"{text[:40]!r} is no time: write YYYY-MM-DD HH:MM:SS") from error


def _amounts(told: Told) -> Told:
    """Return what the result of the form of 2015 says in words; it has no columns for amounts."""
    if any(told.get(f"{name}_{unit}") for name in ("fine", "confiscated") for unit in values.UNITS):
        return {}
    result = told.get("result", "")
    fined, confiscated = _FINED.findall(result), _CONFISCATED.findall(result)
    if ("罚款" in result and len(fined) != 1) or len(confiscated) > 1:
        raise invalid("CF_JG", "it names no amount, or several: write 罚款20000元 once, or add a column fine_yuan")
    return {**_in_unit("fine", fined), **_in_unit("confiscated", confiscated)}


def _in_unit(name: str, found: Iterable[tuple[str, str]]) -> Told:
    return {f"{name}_{'wan_yuan' if unit else 'yuan'}": number for number, unit in found}
