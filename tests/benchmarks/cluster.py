"""The whole cluster, measured as its users run it: the way from an event on its topic in Kafka to search."""

import asyncio
import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path

from deploy.engines import runner
from deploy.engines.elasticsearch import Elasticsearch, release_of
from deploy.engines.kafka import Kafka
from deploy.engines.postgres import Postgres
from deploy.engines.versions import DEFAULT_ELASTICSEARCH
from services.common.eventlog.kafka.log import KafkaEventLog
from services.common.eventlog.kafka.settings import KafkaSettings
from services.launcher.cluster import Cluster, Engines
from services.launcher.cluster_demo import await_settled
from services.launcher.probe import WATCHED_MERCHANTS, Latency, Looks, measure
from services.launcher.state import State
from tests.benchmarks import workload
from tests.benchmarks.harness import Outcome, Scale, benchmark
from tests.engines import SOFTWARE
from tests.ports import free_ports

RATE = 1000
STREAM_SECONDS = 60
#: Engines that were started a moment ago compile their code with the cores that are measured: they run as long before the clock starts.
WARM_SECONDS = 60
P99_MILLISECONDS = 1000.0
#: Few events come through three transactions and two engines sooner, and these are told as this.
LOOKS = Looks(first=0.3, between=0.1)


@contextmanager
def fresh_engines(folder: Path) -> Iterator[Engines]:
    """Yield three engines of their own in a folder."""
    release = release_of(os.environ.get("ES_VERSION") or DEFAULT_ELASTICSEARCH)
    kafka = Kafka(folder=folder / "kafka", port=free_ports(), software=SOFTWARE)
    elastic = Elasticsearch(folder=folder / "es", port=free_ports(), software=SOFTWARE, release=release)
    postgres = Postgres(folder=folder / "postgres", port=free_ports())
    with ExitStack() as running:
        for engine in (kafka, elastic, postgres):
            runner.start(engine, dies_with_parent=True)
            running.callback(runner.stop, engine)
        yield Engines(kafka=kafka.bootstrap, elasticsearch=elastic.url, dsn=postgres.dsn)


@benchmark("event_to_searchable_cluster", unit="ms", to="the second that the 99th of 100 events may take")
def event_to_searchable_cluster(scale: Scale) -> Outcome:
    """Stream complaints into Kafka at 1,000 a second, Zipf over 20,000 merchants; of two a second, ask until search shows them."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, fresh_engines(Path(folder)) as engines:
        state = State(Path(folder) / "cluster", free_ports(16))
        settings = KafkaSettings(bootstrap=engines.kafka)
        with Cluster(state, engines) as cluster:
            endpoints = cluster.start()
            known = workload.codes(workload.MERCHANTS)
            watched, others = known[:WATCHED_MERCHANTS], known[WATCHED_MERCHANTS:]
            drawn = workload.draws(others, random.Random(workload.SEED))
            codes = [*watched, *islice(drawn, RATE * STREAM_SECONDS)]
            with closing(KafkaEventLog(settings)) as log:
                for chunk in workload.chunks(workload.registrations(known)):
                    log.publish(chunk)
                await_settled(cluster.dsns, settings)

                def stream(seconds: int) -> Latency:
                    return asyncio.run(measure(log, endpoints.search, codes, rate=RATE, seconds=seconds, looks=LOOKS))

                stream(scale.of(WARM_SECONDS))
                seen = stream(scale.of(STREAM_SECONDS))
        return Outcome(seen.quantile(0.99) * 1000, P99_MILLISECONDS, {"median": seen.quantile(0.5) * 1000})
