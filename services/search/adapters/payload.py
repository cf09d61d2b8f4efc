"""What a hit shows, packed beside the tokens; the same bytes in every engine."""

import orjson

from services.search.domain.document import Document


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
            *([document.merged_into] if document.merged_into else []),
        )
    )


def load(packed: bytes | str) -> Document:
    """Return the document of its bytes; also of an index of schema 1, which is read until the next one is built beside it."""
    code, name, grade, score, region, status, version, *rest = orjson.loads(packed)
    merged = [one for one in rest if isinstance(one, str)]  # schema 1 has the list of facts before it
    return Document(
        credit_code=code,
        name=name,
        grade=grade,
        score_millipoints=score,
        region_code=region,
        status=status,
        version=version,
        merged_into=merged[0] if merged else "",  # hardly anybody was merged
    )
