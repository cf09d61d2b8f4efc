"""How a document lies in Elasticsearch: the index template with a reason for each number, and the way there and back.

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
SCHEMA_VERSION = 2
#: The document beside the enterprises' that keeps the progress; no credit code is so short, and no query finds it.
PROGRESS_ID = "progress"

SETTINGS: Mapping[str, Any] = {
    # The writer refreshes when it has applied a batch, so that a batch is seen as a whole; a clock would only add work.
    "refresh_interval": "-1",
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


def template(settings: ElasticSettings) -> dict[str, Any]:
    """Return the index template of all generations of an index."""
    return {
        "index_patterns": [f"{settings.name}-v{SCHEMA_VERSION}-*"],
        # Writing to a generation that was taken away must fail, not make an index that nobody reads.
        "allow_auto_create": False,
        # Above the templates that an administrator lays over everything.
        "priority": 500,
        "template": {
            "settings": {
                **SETTINGS,
                "number_of_shards": settings.shards,
                "number_of_replicas": settings.replicas,
            },
            "mappings": {
                # A field that we do not name here is a mistake in to_elastic.
                "dynamic": "strict",
                # The tokens are searched, never shown: the source keeps what a hit shows, which is a third.
                "_source": {"includes": ["payload", "progress"]},
                "properties": _properties(),
            },
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
        "payload": {"type": "keyword", "index": False, "doc_values": False},
        "progress": {"type": "object", "enabled": False},
    }


def to_elastic(document: Document, name: Texts) -> dict[str, Any]:
    """Return the source of a document, as Elasticsearch takes it."""
    return {**field_tokens(document, name), "payload": payload.dump(document).decode()}


def from_elastic(source: Mapping[str, Any]) -> Document:
    """Return the document of a hit."""
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
