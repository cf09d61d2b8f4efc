"""Translates a query into Elasticsearch's: the same tiers as tantivy_query, each a constant."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.common.kernel.credit_code import LENGTH
from services.search.adapters.tantivy_query import (
    BEGINNING,
    CODE,
    EVERY_PAIR,
    INITIALS,
    LIKENESS_WEIGHT,
    PINYIN,
    SAME_CORE,
    SAME_NAME,
    SAME_PINYIN,
)
from services.search.adapters.tantivy_schema import LONGEST_CODE_PREFIX
from services.search.application.ports import Filters
from services.search.domain import query as typed
from services.search.domain.name_keys import LONGEST_START

Clause = dict[str, Any]
_NOTHING: Clause = {"match_none": {}}


def right(text: typed.Query, filters: Filters) -> Clause:
    """Return the query for names that hold the text, as code, characters, pinyin or initials."""
    return _filtered(_any([*_tiers(text)]), [_likeness(text)], filters)


def alike(text: typed.Query, filters: Filters) -> Clause:
    """Return the query for what is right, and after it names that are only like the text, or sound so."""
    similar = [_most(text.telling)]
    if text.sounds:
        similar.append(_weighed(_all([_term("sounds", sound) for sound in text.sounds])))
    return _filtered(_any([*_tiers(text), *similar]), [], filters)


def _tiers(text: typed.Query) -> Iterable[Clause]:
    if text.code:
        yield _constant(_code(text.code), CODE)
    yield _constant(_term("exact", text.text), SAME_NAME)
    yield _constant(_term("core", text.core), SAME_CORE)
    pairs = [_term("grams", pair) for pair in text.pairs]
    yield _constant(_all([_term("starts", text.text[:LONGEST_START]), *pairs]), BEGINNING)
    yield _constant(_all(pairs), EVERY_PAIR)
    for way in text.spellings:
        yield _constant(_all([_term("sounds", place[0]) for place in way]), SAME_PINYIN)
        yield _constant(_all([_any([_term("sounds", token) for token in place]) for place in way]), PINYIN)
    if text.initials:
        yield _constant(_all([_term("initials", window) for window in text.initials]), INITIALS)


def _code(code: str) -> Clause:
    if len(code) == LENGTH:
        return _term("code", code)
    if len(code) <= LONGEST_CODE_PREFIX:
        return _term("code_prefix", code)
    return {"prefix": {"code": {"value": code}}}


def _likeness(text: typed.Query) -> Clause:
    pairs = [_term("grams", pair) for pair in text.telling]
    sounds = [_term("sounds", place[0]) for way in text.spellings for place in way]
    return _weighed(_any([*pairs, *sounds]))


def _most(pairs: Sequence[str]) -> Clause:
    optional = [_term("grams", pair) for pair in pairs]
    if not optional:
        return _NOTHING
    return _weighed({"bool": {"should": optional, "minimum_should_match": typed.least_matches(len(pairs))}})


def _filtered(wanted: Clause, order: Sequence[Clause], filters: Filters) -> Clause:
    silent = []
    if filters.grades:
        silent.append({"terms": {"grade": list(filters.grades)}})
    if filters.region_prefix:
        silent.append(_term("region", filters.region_prefix))
    return {"bool": {"must": [wanted], "filter": silent, "should": list(order)}}


def _constant(clause: Clause, score: float) -> Clause:
    return {"constant_score": {"filter": clause, "boost": score}}


def _weighed(clause: Clause) -> Clause:
    return {"bool": {"must": [clause], "boost": LIKENESS_WEIGHT}}


def _term(field: str, token: str) -> Clause:
    return {"term": {field: {"value": token}}}


def _any(clauses: Sequence[Clause]) -> Clause:
    return {"bool": {"should": list(clauses), "minimum_should_match": 1}} if clauses else _NOTHING


def _all(clauses: Sequence[Clause]) -> Clause:
    return {"bool": {"must": list(clauses)}} if clauses else _NOTHING
