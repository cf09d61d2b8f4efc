"""`make demo-cluster`: the cluster without a person: start on new names, load, stream, report, stop."""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
from kafka import KafkaAdminClient
from kafka import TopicPartition as Place

from services.common.errors import DependencyUnavailable
from services.common.eventlog.kafka.log import KafkaEventLog
from services.common.eventlog.kafka.settings import KafkaSettings
from services.common.eventlog.port import TopicPartition
from services.common.eventlog.topics import CREDIT_GROUP, ENTERPRISE, INTAKE, RECORD, SEARCH_GROUP
from services.launcher.cluster import Cluster, Engines
from services.launcher.convergence import converge
from services.launcher.demo import known_codes, report
from services.launcher.probe import measure
from services.launcher.sample import load_sample
from services.launcher.state import State

RATE = 100
SECONDS = 10
SETTLE_SECONDS = 300
_UNSENT = """
SELECT (SELECT count(*) FROM eventlog.pending) + (SELECT coalesce(sum(next_seq), 0) FROM eventlog.feed)
     - (SELECT coalesce(sum(value), 0) FROM eventlog.group_offset WHERE group_id = 'relay')
"""


def demo_cluster(port_base: int, engines: Engines) -> None:
    """Run the demo under a namespace of its own and print its report; raises what fails."""
    named = Engines(
        kafka=engines.kafka, elasticsearch=engines.elasticsearch, dsn=engines.dsn, namespace=f"demo{uuid4().hex[:8]}."
    )
    settings = KafkaSettings(bootstrap=named.kafka, namespace=named.namespace)
    with tempfile.TemporaryDirectory(prefix="merchant-credit-cluster-") as folder:
        state = State(Path(folder), port_base)
        with Cluster(state, named) as cluster:
            began = time.monotonic()
            endpoints = cluster.start()
            print(f"started in {time.monotonic() - began:.1f} s; loading the sample data", flush=True)
            load_sample(state)
            await_settled(cluster.dsns, settings)
            codes = known_codes(endpoints.dsn)
            print(f"streaming {RATE} events/s for {SECONDS} s", flush=True)
            with closing(KafkaEventLog(settings)) as log:
                latency = asyncio.run(measure(log, endpoints.search, codes, rate=RATE, seconds=SECONDS))
            await_settled(cluster.dsns, settings)
            asyncio.run(report(endpoints, latency))
            asyncio.run(converge(state, endpoints))


def await_settled(dsns: Mapping[str, str], settings: KafkaSettings) -> None:
    """Wait until what the services said is on the topics, and what is on the topics is applied and projected.

    Raises DependencyUnavailable when that takes too long.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    while left := sum(map(_unsent, dsns.values())) + _unread(settings):
        if time.monotonic() > deadline:
            raise DependencyUnavailable(f"{left} messages were still waiting after {SETTLE_SECONDS} s")
        time.sleep(0.5)


def _unsent(dsn: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(_UNSENT).fetchone()
    return int(row[0]) if row else 0


def _unread(settings: KafkaSettings) -> int:
    """Return the lag of the two groups, as the broker was told of it."""
    groups = {CREDIT_GROUP: (*INTAKE, ENTERPRISE), SEARCH_GROUP: (RECORD,)}
    with closing(KafkaEventLog(settings)) as log, closing(KafkaAdminClient(**settings.connection)) as admin:
        told = admin.list_group_offsets([settings.physical(group) for group in groups])
        lag = 0
        for group, topics in groups.items():
            read = {_logical(settings, place): at.offset for place, at in told[settings.physical(group)].items()}
            ends = {tp: end for topic in topics for tp, end in log.end_offsets(topic).items()}
            lag += sum(end - read.get(tp, 0) for tp, end in ends.items())
    return lag


def _logical(settings: KafkaSettings, place: Place) -> TopicPartition:
    return TopicPartition(settings.logical(place.topic), place.partition)
