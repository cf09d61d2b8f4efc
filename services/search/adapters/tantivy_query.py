"""Translates a query into tantivy's queries. Every tier is a constant, so that no sum of rare words jumps a tier.

tantivy's own query parser is never used: it makes a phrase of pairs, in which one wrong character finds nothing.
"""

from collections.abc import Iterable, Sequence

from tantivy import Occur, Query

from services.common.kernel.credit_code import LENGTH
from services.search.adapters.tantivy_schema import LONGEST_CODE_PREFIX, RANKED, SCHEMA
from services.search.application.ports import Filters
from services.search.domain import query as typed
from services.search.domain.name_keys import LONGEST_START

#: The tiers of the port's contract; far enough apart that the likeness (at most some 50) moves nobody between them.
CODE, SAME_NAME, SAME_CORE, BEGINNING, EVERY_PAIR, PINYIN, INITIALS = 6400.0, 3200.0, 1600.0, 800.0, 400.0, 200.0, 100.0
#: Likeness orders within a tier: BM25 prefers rare pairs and short names.
LIKENESS_WEIGHT = 0.1
SOUND_WEIGHT = 0.04


def right(text: typed.Query, filters: Filters) -> Query:
    """Return the query for names that hold the text, as code, characters, pinyin or initials."""
    return _filtered(_any([*_tiers(text)]), [_likeness(text)], filters)


def alike(text: typed.Query, filters: Filters) -> Query:
    """Return the query for what is right, and after it names that are only like the text."""
    similar = [_some("grams", text.telling, LIKENESS_WEIGHT), _some("sounds", text.sounds, SOUND_WEIGHT)]
    return _filtered(_any([*_tiers(text), *(query for query in similar if query is not None)]), [], filters)


def _tiers(text: typed.Query) -> Iterable[Query]:
    if text.code:
        yield Query.const_score_query(_code(text.code), CODE)
    yield Query.const_score_query(_term("exact", text.text), SAME_NAME)
    yield Query.const_score_query(_term("core", text.core), SAME_CORE)
    pairs = [_term("grams", pair) for pair in text.pairs]
    start = _term("starts", text.text[:LONGEST_START])
    yield Query.const_score_query(_all([start, *pairs]), BEGINNING)
    yield Query.const_score_query(_all(pairs), EVERY_PAIR)
    for way in text.spellings:
        places = [_any([_term("sounds", token) for token in place]) for place in way]
        yield Query.const_score_query(_all(places), PINYIN / len(way))
    if text.initials:
        yield Query.const_score_query(_all([_term("initials", window) for window in text.initials]), INITIALS)


def _code(code: str) -> Query:
    if len(code) == LENGTH:
        return _term("code", code)
    if len(code) <= LONGEST_CODE_PREFIX:
        return _term("code_prefix", code)
    return Query.regex_query(SCHEMA, "code", f"{code}.*")  # the alphabet of codes has no sign of an expression


def _likeness(text: typed.Query) -> Query:
    return Query.boost_query(_any([_term("grams", pair) for pair in text.telling]), LIKENESS_WEIGHT)


def _some(field: str, tokens: Sequence[str], weight: float) -> Query | None:
    if not tokens:
        return None
    optional = [(Occur.Should, _term(field, token)) for token in tokens]
    enough = Query.boolean_query(optional, minimum_number_should_match=typed.least_matches(len(tokens)))
    return Query.boost_query(enough, weight)


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
