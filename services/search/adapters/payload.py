"""What a hit shows, packed beside the tokens; the same bytes in every engine."""

from collections.abc import Iterable
from datetime import date

import orjson

from services.search.domain.document import Document, Fact


def dump(document: Document) -> bytes:
    """Return the bytes of a document."""
    return orjson.dumps(
        (
            document.credit_code,
            document.name,
            document.grade,
            document.score_millipoints,
            document.region_code,
            document.status,
            document.version,
            _dump_facts(document.facts),
            *([document.merged_into] if document.merged_into else []),
        )
    )


def load(packed: bytes | str) -> Document:
    """Return the document of its bytes."""
    code, name, grade, score, region, status, version, facts, *merged = orjson.loads(packed)
    return Document(
        credit_code=code,
        name=name,
        grade=grade,
        score_millipoints=score,
        region_code=region,
        status=status,
        version=version,
        facts=tuple(Fact(fact_id, date.fromisoformat(until) if until else None) for fact_id, until in facts),
        merged_into=merged[0] if merged else "",  # hardly anybody was merged
    )


def _dump_facts(facts: Iterable[Fact]) -> list[tuple[str, str]]:
    return [(fact.fact_id, fact.until.isoformat() if fact.until else "") for fact in facts]
