"""Translates a query into Elasticsearch's: the tiers of the port as constants, and likeness by BM25 within them."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.search.adapters import tiers
from services.search.adapters.fields import LONGEST_CODE_PREFIX
from services.search.application.ports import Filters
from services.search.domain import query as typed
from services.search.domain.name_keys import LONGEST_START

Query = dict[str, Any]


def right(text: typed.Query, filters: Filters) -> Query:
    """Return the query for names that hold the text as characters, pinyin or initials, and codes that begin so."""
    return _filtered(_any([*_tiers(text)]), [_likeness(text)], filters)


def alike(text: typed.Query, filters: Filters) -> Query:
    """Return the query for what is right, and after it names that are only like the text, or sound so."""
    similar = [_weighed(_most(text.telling))]
    if text.sounds:
        similar.append(_weighed({"bool": {"must": [_term("sounds", sound) for sound in text.sounds]}}))
    return _filtered(_any([*_tiers(text), *similar]), [], filters)


def _tiers(text: typed.Query) -> Iterable[Query]:
    if text.code:
        yield _constant(_code(text.code), tiers.CODE)
    yield _constant(_term("exact", text.text), tiers.SAME_NAME)
    yield _constant(_term("core", text.core), tiers.SAME_CORE)
    pairs = [_term("grams", pair) for pair in text.pairs]
    start = _term("starts", text.text[:LONGEST_START])
    yield _constant(_all([start, *pairs]), tiers.BEGINNING)
    yield _constant(_all(pairs), tiers.EVERY_PAIR)
    for way in text.spellings:
        yield _constant(_all([_term("sounds", place[0]) for place in way]), tiers.SAME_PINYIN)
        yield _constant(_all([{"terms": {"sounds": [*place]}} for place in way]), tiers.PINYIN)
    if text.initials:
        yield _constant(_all([_term("initials", window) for window in text.initials]), tiers.INITIALS)


def _code(code: str) -> Query:
    if len(code) <= LONGEST_CODE_PREFIX:
        return _term("code_prefix", code)
    return {"prefix": {"code": {"value": code}}}


def _likeness(text: typed.Query) -> Query:
    pairs = [_term("grams", pair) for pair in text.telling]
    sounds = [_term("sounds", place[0]) for way in text.spellings for place in way]
    return _weighed(_any([*pairs, *sounds]))


def _most(pairs: Sequence[str]) -> Query:
    least = typed.least_matches(len(pairs))
    return {"bool": {"should": [_term("grams", pair) for pair in pairs], "minimum_should_match": least}}


def _filtered(wanted: Query, order: Sequence[Query], filters: Filters) -> Query:
    narrow: list[Query] = []
    if filters.grades:
        narrow.append({"terms": {"grade": [*filters.grades]}})
    if filters.region_prefix:
        narrow.append(_term("region", filters.region_prefix))
    return {"bool": {"must": [wanted], "should": [*order], "filter": narrow}}


def _term(field: str, token: str) -> Query:
    return {"term": {field: {"value": token}}}


def _constant(query: Query, score: float) -> Query:
    return {"constant_score": {"filter": query, "boost": score}}


def _weighed(query: Query) -> Query:
    return {"bool": {"must": [query], "boost": tiers.LIKENESS_WEIGHT}}


def _any(queries: Sequence[Query]) -> Query:
    return {"bool": {"should": [*queries], "minimum_should_match": 1}}


def _all(queries: Sequence[Query]) -> Query:
    return {"bool": {"filter": [*queries]}}
