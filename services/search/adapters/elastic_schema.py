"""How a document lies in Elasticsearch: settings and mapping as code, with a reason for each number.

Tokens are made in Python and split at blanks by the analyzer that every distribution has: no plugin is needed, and both
engines index the same tokens.
"""

from datetime import datetime
from typing import Any

import orjson

from services.search.adapters import payload
from services.search.adapters.tantivy_schema import (
    LONGEST_CODE_PREFIX,
    MANY,
    RANKED,
    SCHEMA_VERSION,
    SINGLE,
    prefixes,
)
from services.search.application.ports import Progress
from services.search.domain.document import Document
from services.search.domain.name_keys import name_keys

#: The document that holds the index's progress; it has no tokens, so no query finds it.
PROGRESS_ID = "progress"


def settings(replicas: int) -> dict[str, Any]:
    """Return the settings of an index."""
    return {
        # One corpus, one set of frequencies: likeness is comparable. A province's firms fit in one shard many times.
        "number_of_shards": 1,
        "number_of_replicas": replicas,
        # The writer refreshes after each batch, because what is applied shall be visible; a timer would only add work.
        "refresh_interval": "-1",
        # A deleted code may come back with any version: its tombstone is not to be remembered.
        "gc_deletes": "0s",
    }


def mapping() -> dict[str, Any]:
    """Return the mapping; an unknown field is a defect of ours and is refused."""
    fields: dict[str, Any] = {name: {"type": "keyword", "doc_values": False, "norms": False} for name in SINGLE}
    for name in MANY:
        kept = {} if name in RANKED else {"index_options": "docs", "norms": False}
        fields[name] = {"type": "text", "analyzer": "whitespace", **kept}
    fields["payload"] = {"type": "keyword", "index": False, "doc_values": False}
    # Only the payload is shown: the tokens, three quarters of the bytes, need not be stored beside the index.
    return {
        "dynamic": "strict",
        "_source": {"includes": ["payload"]},
        "_meta": {"schema_version": SCHEMA_VERSION},
        "properties": fields,
    }


def to_elastic(document: Document) -> dict[str, str]:
    """Return the document as Elasticsearch takes it."""
    keys = name_keys(document.name)
    return {
        "code": document.credit_code,
        "exact": keys.exact,
        "core": keys.core,
        "grade": document.grade,
        "code_prefix": prefixes(document.credit_code, LONGEST_CODE_PREFIX),
        "region": prefixes(document.region_code, len(document.region_code)),
        "grams": " ".join(keys.grams),
        "starts": " ".join(keys.starts),
        "sounds": " ".join(keys.sounds),
        "initials": " ".join(keys.initials),
        "payload": payload.dump(document).decode(),
    }


def dump_progress(progress: Progress) -> str:
    """Return the payload of the progress document."""
    return orjson.dumps(
        {"as_of": progress.as_of, "positions": dict(progress.positions)}, option=orjson.OPT_NON_STR_KEYS
    ).decode()


def load_progress(told: str) -> Progress:
    """Return the progress of its payload."""
    kept = orjson.loads(told)
    as_of = datetime.fromisoformat(kept["as_of"]) if kept["as_of"] else None
    return Progress(as_of=as_of, positions={int(partition): at for partition, at in kept["positions"].items()})
