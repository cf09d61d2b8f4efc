"""Puts the search service together over Elasticsearch; apart, so that the embedded profile need not load its client."""

from functools import partial

from services.common.clock import Clock
from services.common.grpc.server import Registration
from services.common.lifecycle import Loop
from services.search.adapters.elastic_client import ElasticSettings
from services.search.adapters.elastic_reader import ElasticReader
from services.search.adapters.elastic_writer import ElasticWriter
from services.search.bootstrap import Projection, serving_over


def serving(settings: ElasticSettings) -> Registration:
    """Return the search service over Elasticsearch; it answers UNAVAILABLE until there is an index.

    Raises DependencyUnavailable when no server answers, PreconditionFailed when it is of another major.
    """
    return serving_over(ElasticReader(settings))


def projecting(dsn: str, settings: ElasticSettings, clock: Clock) -> list[Loop]:
    """Return the loop of the one process that writes the index; `dsn` holds the feeds and the group's offsets."""
    return [Projection(dsn=dsn, open_writer=partial(ElasticWriter, settings), clock=clock)]
