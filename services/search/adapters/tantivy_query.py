"""Translates a query into tantivy's queries. Every tier is a constant, so that no sum of rare words jumps a tier.

tantivy's own query parser is never used: it makes a phrase of pairs, in which one wrong character finds nothing.
"""

from collections.abc import Iterable, Sequence

from tantivy import Occur, Query

from services.common.kernel.credit_code import LENGTH
from services.search.adapters.fields import LONGEST_CODE_PREFIX, RANKED
from services.search.adapters.tantivy_schema import SCHEMA
from services.search.adapters.tiers import (
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
from services.search.application.ports import Filters
from services.search.domain import query as typed
from services.search.domain.name_keys import LONGEST_START


def right(text: typed.Query, filters: Filters) -> Query:
    """Return the query for the code, or for names that hold the text as characters, pinyin or initials."""
    order = [] if text.is_whole_code else [_likeness(text)]
    return _filtered(_any([*_tiers(text)]), order, filters)


def alike(text: typed.Query, filters: Filters) -> Query:
    """Return the query for what is right, and after it names that are only like the text, or sound so."""
    similar = [Query.boost_query(_most(text.telling), LIKENESS_WEIGHT)]
    if text.sounds:
        sounds = _all([_term("sounds", sound) for sound in text.sounds])
        similar.append(Query.boost_query(sounds, LIKENESS_WEIGHT))
    return _filtered(_any([*_tiers(text), *similar]), [], filters)


def _tiers(text: typed.Query) -> Iterable[Query]:
    if text.code:
        yield Query.const_score_query(_code(text.code), CODE)
    if not text.is_whole_code:
        yield from _name_tiers(text)


def _name_tiers(text: typed.Query) -> Iterable[Query]:
    yield Query.const_score_query(_term("exact", text.text), SAME_NAME)
    yield Query.const_score_query(_term("core", text.core), SAME_CORE)
    pairs = [_term("grams", pair) for pair in text.pairs]
    start = _term("starts", text.text[:LONGEST_START])
    yield Query.const_score_query(_all([start, *pairs]), BEGINNING)
    yield Query.const_score_query(_all(pairs), EVERY_PAIR)
    for way in text.spellings:
        yield Query.const_score_query(_all([_term("sounds", place[0]) for place in way]), SAME_PINYIN)
        places = [_any([_term("sounds", token) for token in place]) for place in way]
        yield Query.const_score_query(_all(places), PINYIN)
    if text.initials:
        yield Query.const_score_query(_all([_term("initials", window) for window in text.initials]), INITIALS)


def _code(code: str) -> Query:
    if len(code) == LENGTH:
        return _term("code", code)
    if len(code) <= LONGEST_CODE_PREFIX:
        return _term("code_prefix", code)
    return Query.regex_query(SCHEMA, "code", f"{code}.*")  # the alphabet of codes has no sign of an expression


def _likeness(text: typed.Query) -> Query:
    pairs = [_term("grams", pair) for pair in text.telling]
    sounds = [_term("sounds", place[0]) for way in text.spellings for place in way]
    return Query.boost_query(_any([*pairs, *sounds]), LIKENESS_WEIGHT)


def _most(pairs: Sequence[str]) -> Query:
    optional = [(Occur.Should, _term("grams", pair)) for pair in pairs]
    return Query.boolean_query(optional, minimum_number_should_match=typed.least_matches(len(pairs)))


def _filtered(wanted: Query, order: Sequence[Query], filters: Filters) -> Query:
    must = [wanted]
    if filters.grades:
        must.append(_silent(_any([_term("grade", grade) for grade in filters.grades])))
    if filters.region_prefix:
        must.append(_silent(_term("region", filters.region_prefix)))
    return Query.boolean_query([*((Occur.Must, q) for q in must), *((Occur.Should, q) for q in order)])


def _silent(query: Query) -> Query:
    return Query.const_score_query(query, 0.0)


def _term(field: str, token: str) -> Query:
    return Query.term_query(SCHEMA, field, token, "freq" if field in RANKED else "basic")


def _any(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _all(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Must, query) for query in queries])
