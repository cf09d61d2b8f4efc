"""Puts the search service together over Elasticsearch; apart, so that the embedded profile need not load its client."""

import threading
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import structlog

from services.common.clock import Clock
from services.common.errors import PreconditionFailed
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.kafka.log import KafkaEventLog
from services.common.eventlog.kafka.settings import KafkaSettings
from services.common.grpc.server import Registration
from services.common.lifecycle import Loop
from services.common.telemetry import health
from services.search.adapters.elastic_client import ElasticSettings, answering, connect
from services.search.adapters.elastic_generations import Generations
from services.search.adapters.elastic_reader import ElasticReader
from services.search.adapters.elastic_writer import ElasticWriter
from services.search.bootstrap import Projection, serving_over

STANDBY_SECONDS = 1.0
log = structlog.get_logger()


def serving(settings: ElasticSettings) -> Registration:
    """Return the search service over Elasticsearch; it answers UNAVAILABLE until there is an index.

    Raises DependencyUnavailable when no server answers, PreconditionFailed when it is of another major.
    """
    return serving_over(ElasticReader(settings))


def install_template(settings: ElasticSettings) -> None:
    """Bring the index templates up to date; the writer does it too, before it makes a generation.

    Raises DependencyUnavailable when no server answers or the key lacks the right, PreconditionFailed for another major.
    """
    with closing(connect(settings)) as client, answering():
        Generations(client, settings).put_templates()


def projecting(dsn: str, settings: ElasticSettings, clock: Clock) -> list[Loop]:
    """Return the loop that projects the feeds of a database; `dsn` holds the group's offsets too."""
    open_log, open_writer = partial(FeedsEventLog, dsn), partial(ElasticWriter, settings)
    return [Projection(dsn=dsn, open_log=open_log, open_writer=open_writer, clock=clock)]


def projecting_kafka(dsn: str, kafka: KafkaSettings, settings: ElasticSettings, clock: Clock) -> list[Loop]:
    """Return the loop that projects from Kafka; several processes may run it, one at a time writes."""
    open_log, open_writer = partial(KafkaEventLog, kafka), partial(ElasticWriter, settings)
    return [Standby(Projection(dsn=dsn, open_log=open_log, open_writer=open_writer, clock=clock))]


@dataclass(frozen=True, slots=True)
class Standby:
    """A projection that waits while another process writes the index, and takes over when that has gone."""

    projection: Projection

    @property
    def name(self) -> str:
        """Return the projection's name."""
        return self.projection.name

    def run(self, stop: threading.Event) -> None:
        """Project whenever nobody else does, until stopped."""
        while not stop.is_set():
            try:
                self.projection.run(stop)
            except PreconditionFailed as another:
                log.info("projection_stands_by", reason=str(another))
                health.beat(self.name)
                stop.wait(STANDBY_SECONDS)
