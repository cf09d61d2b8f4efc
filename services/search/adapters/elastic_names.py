"""The names in the cluster: PREFIX-vN is the alias of a schema's version, PREFIX-vN-000001 an index, PREFIX-writer the lock."""

import re
from collections.abc import Iterable

from elasticsearch import Elasticsearch

from services.search.adapters.elastic_client import ElasticSettings
from services.search.adapters.tantivy_schema import SCHEMA_VERSION


def alias_of(settings: ElasticSettings, version: int = SCHEMA_VERSION) -> str:
    """Return the alias under which the index in use is read."""
    return f"{settings.prefix}-v{version}"


def lock_of(settings: ElasticSettings) -> str:
    """Return the index that holds the writer's lock."""
    return f"{settings.prefix}-writer"


def indexes(client: Elasticsearch, settings: ElasticSettings) -> dict[str, frozenset[str]]:
    """Return the indexes of this installation, of every schema's version, each with its aliases."""
    told = client.indices.get_alias(index=f"{settings.prefix}-v*", allow_no_indices=True)
    return {name: frozenset(entry["aliases"]) for name, entry in told.items()}


def next_index(settings: ElasticSettings, existing: Iterable[str]) -> str:
    """Return the name of a new index of our version, after those that exist."""
    numbers = [int(found[1]) for name in existing if (found := re.search(r"-(\d{6})$", name))]
    return f"{alias_of(settings)}-{max(numbers, default=0) + 1:06d}"
