"""How a document lies in Elasticsearch: the index templates with a reason for each number, and the way there and back.

Two indices, and in each one document an enterprise, whose id is its credit code:
- `keys` is what is searched: the tokens of the name, the code, the grade and the region. They are written when one of these
  changes, and seen when the index is refreshed.
- `records` is what is shown. A score changes with every complaint; so the record is no more than some bytes, and is read by its
  id, which shows what was written last without a refresh.

Every token is made in Python, so that the whitespace analyzer is enough: no plugin, and the same hits as the other engine.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.search.adapters import payload
from services.search.adapters.elastic_client import ElasticSettings
from services.search.adapters.elastic_segments import LEAST_BYTES
from services.search.adapters.fields import MANY, RANKED, SINGLE, field_tokens
from services.search.adapters.name_texts import Texts
from services.search.application.ports import Progress
from services.search.domain.document import Document

#: Raise it when the fields or the keys change: an index of another version is rebuilt beside the one in use.
SCHEMA_VERSION = 3
#: The document beside the enterprises' keys that keeps the progress; no credit code is so short, and no query finds it.
PROGRESS_ID = "progress"
KEYS, RECORDS = "keys", "records"

REFRESH_INTERVAL: Mapping[str, str] = {
    # The writer refreshes when it has applied a batch; a clock would only add work.
    KEYS: "-1",
    # Nobody searches them. A refresh frees the memory in which the server finds what was written since the last one.
    RECORDS: "5s",
}
SETTINGS: Mapping[str, Any] = {
    # A delete forgets the version (the port's contract); Elasticsearch would remember it for 60 seconds.
    "gc_deletes": "0s",
    # An index of which each document changes every few seconds is merged whole as often at the default of 20; 50 is the most,
    # and costs at most twice the space.
    "merge.policy.deletes_pct_allowed": 50,
    # As long as it is small; then the writer fits it to the size of the index.
    "merge.policy.max_merged_segment": f"{LEAST_BYTES}b",
    # The deepest page begins before hit 10,000 and has at most 100.
    "max_result_window": 10_100,
    # What was applied is durable when the call returns: the standard, told here because all else rests on it.
    "translog.durability": "request",
}
#: While a generation is built, nobody needs it to be durable or copied: both are done once, before it is swapped in.
WHILE_BUILT: Mapping[str, Any] = {"translog.durability": "async", "number_of_replicas": 0}
#: A Lucene term has at most 32,766 bytes; a longer name (a character has up to four) is found by its parts only.
LONGEST_KEYWORD = 8191


def templates(settings: ElasticSettings) -> Mapping[str, Mapping[str, Any]]:
    """Return the index templates of all generations of an index, by their names."""
    mappings = {
        # The tokens are searched, never shown: the source keeps the progress only.
        KEYS: {"_source": {"includes": ["progress"]}, "properties": _properties()},
        RECORDS: {"properties": {"payload": {"type": "keyword", "index": False, "doc_values": False}}},
    }
    return {f"{settings.name}-{kind}": _template(settings, kind, mapping) for kind, mapping in mappings.items()}


def _template(settings: ElasticSettings, kind: str, mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "index_patterns": [f"{settings.name}-v{SCHEMA_VERSION}-*-{kind}"],
        # Writing to a generation that was taken away must fail, not make an index that nobody reads.
        "allow_auto_create": False,
        # Above the templates that an administrator lays over everything.
        "priority": 500,
        "template": {
            "settings": {
                **SETTINGS,
                "refresh_interval": REFRESH_INTERVAL[kind],
                "number_of_shards": settings.shards,
                "number_of_replicas": settings.replicas,
            },
            # A field that is not named there is a mistake in the actions below.
            "mappings": {"dynamic": "strict", **mapping},
        },
    }


def _properties() -> dict[str, Any]:
    single = {"type": "keyword", "doc_values": False, "norms": False, "ignore_above": LONGEST_KEYWORD}
    # Only searched as "has it": without frequencies and lengths a posting is a third of its size.
    many = {"type": "text", "analyzer": "whitespace", "index_options": "docs", "norms": False}
    ranked = {"type": "text", "analyzer": "whitespace", "index_options": "freqs", "norms": True}
    return {
        **dict.fromkeys(SINGLE, single),
        **{name: ranked if name in RANKED else many for name in MANY},
        # Hits of one score are in the order of their codes, on every copy: pages neither repeat nor lose one.
        "code": {"type": "keyword", "norms": False},
        "progress": {"type": "object", "enabled": False},
    }


def keys_action(document: Document, name: Texts) -> dict[str, Any]:
    """Return what puts the keys of an enterprise, unless they are there with the same or a higher version."""
    return _put(document, field_tokens(document, name))


def record_action(document: Document) -> dict[str, Any]:
    """Return what puts the record of an enterprise, unless it is there with the same or a higher version."""
    return _put(document, {"payload": payload.dump(document).decode()})


def _put(document: Document, source: Mapping[str, Any]) -> dict[str, Any]:
    at = {"_id": document.credit_code, "version": document.version, "version_type": "external"}
    return {"_op_type": "index", **at, "_source": source}


def delete_action(code: str) -> dict[str, Any]:
    """Return what removes the document of an enterprise, and forgets its version."""
    return {"_op_type": "delete", "_id": code}


def from_elastic(source: Mapping[str, Any]) -> Document:
    """Return the document of a record's source."""
    return payload.load(source["payload"])


def progress_to_elastic(progress: Progress) -> dict[str, Any]:
    """Return the source of the document that keeps the progress."""
    as_of = progress.as_of.isoformat() if progress.as_of else ""
    positions = {str(partition): offset for partition, offset in progress.positions.items()}
    return {"progress": {"as_of": as_of, "positions": positions}}


def progress_from_elastic(source: Mapping[str, Any]) -> Progress:
    """Return the progress that was kept."""
    kept = source["progress"]
    return Progress(
        as_of=datetime.fromisoformat(kept["as_of"]) if kept["as_of"] else None,
        positions={int(partition): offset for partition, offset in kept.get("positions", {}).items()},
    )
