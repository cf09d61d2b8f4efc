"""Whose fact is it, when no code came: candidates by name, region and earlier decisions. A person decides, never the name.

Two spellings of one name share a key: the normal form without regions and legal form, because a name's parts may stand in
another order and its region and form may differ (企业名称相同相近比对规则, 工商企注字〔2017〕133号).
"""

from enum import StrEnum
from typing import NamedTuple

from services.common.kernel.legal_form import bigrams, core_name
from services.common.kernel.normal_form import normal_form
from services.common.kernel.region import GUIZHOU, PREFECTURES, lookup

#: A candidate below this score is none.
LEAST = 300
_EQUAL, _SAME_KEY, _SIMILAR = 700, 600, 550
_COUNTY, _PREFECTURE, _DECIDED = 150, 100, 150
_REGION_WORDS = sorted(
    {word for region in (GUIZHOU, *PREFECTURES) for word in (region.name, region.short_name)},
    key=lambda word: (-len(word), word),
)


class Named(NamedTuple):
    """An enterprise as a source names it: by name, with its region's code and its shop where known."""

    name: str
    region_code: str
    shop: str


class Known(NamedTuple):
    """A registered enterprise that may be meant; how often a person decided so before for the same name or shop."""

    code: str
    name: str
    region_code: str
    decided_before: int


class Reason(StrEnum):
    """Why a candidate is one."""

    NAME_EQUAL = "NAME_EQUAL"
    NAME_SAME_BUT_FOR_REGION_OR_FORM = "NAME_SAME_BUT_FOR_REGION_OR_FORM"
    NAME_SIMILAR = "NAME_SIMILAR"
    SAME_COUNTY = "SAME_COUNTY"
    SAME_PREFECTURE = "SAME_PREFECTURE"
    DECIDED_BEFORE = "DECIDED_BEFORE"


class Candidate(NamedTuple):
    """A candidate: its score in thousandths, and the reasons that add up to it."""

    code: str
    name: str
    region_code: str
    score: int
    reasons: tuple[Reason, ...]


def name_key(name: str) -> str:
    """Return what two spellings of one enterprise's name have in common."""
    core = core_name(normal_form(name))
    left = core
    for word in _REGION_WORDS:
        left = left.replace(word, "")
    return core_name(left) if len(left) > 1 else core


def rank(told: Named, known: list[Known], most: int) -> list[Candidate]:
    """Return the candidates that are worth a look, best first; equal scores stand in the order of their codes."""
    found = [_candidate(told, one) for one in known]
    return sorted((one for one in found if one.score >= LEAST), key=lambda one: (-one.score, one.code))[:most]


def _candidate(told: Named, known: Known) -> Candidate:
    parts = [_by_name(told.name, known.name), _by_region(told.region_code, known.region_code)]
    if known.decided_before:
        parts.append((Reason.DECIDED_BEFORE, _DECIDED))
    counted = [(reason, points) for reason, points in parts if reason is not None]
    return Candidate(
        known.code,
        known.name,
        known.region_code,
        sum(points for _, points in counted),
        tuple(reason for reason, _ in counted),
    )


def _by_name(told: str, known: str) -> tuple[Reason | None, int]:
    if normal_form(told) == normal_form(known):
        return Reason.NAME_EQUAL, _EQUAL
    mine, other = name_key(told), name_key(known)
    if mine == other:
        return Reason.NAME_SAME_BUT_FOR_REGION_OR_FORM, _SAME_KEY
    a, b = set(bigrams(mine)), set(bigrams(other))
    shared = 2 * len(a & b) * _SIMILAR // (len(a) + len(b)) if a and b else 0
    return (Reason.NAME_SIMILAR, shared) if shared else (None, 0)


def _by_region(told: str, known: str) -> tuple[Reason | None, int]:
    if not told or not known:
        return None, 0
    if told == known and not told.endswith("00"):
        return Reason.SAME_COUNTY, _COUNTY
    mine, other = lookup(told), lookup(known)
    return (Reason.SAME_PREFECTURE, _PREFECTURE) if mine is not None and mine == other else (None, 0)
