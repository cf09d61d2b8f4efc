"""`credit_worker_kafka`, `credit_worker_vs_per_event`: the credit worker over a real Kafka, with its relay beside it.

A run is over when every event is applied and everything that was said of it is on its topic in Kafka.
"""

import multiprocessing
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import psycopg

from deploy.engines import runner
from deploy.engines.kafka import Kafka
from services.common.clock import FixedClock
from services.common.eventlog.batch import BatchConsumer, BatchPolicy
from services.common.eventlog.kafka.log import KafkaEventLog
from services.common.eventlog.kafka.relay import Relay
from services.common.eventlog.kafka.settings import KafkaSettings
from services.common.eventlog.kafka.topics import ensure_topics
from services.common.eventlog.port import Consumer, Message
from services.common.eventlog.sequencer import Sequencer
from services.common.lanes import fork_lanes
from services.common.lifecycle import run_loops
from services.common.stopping import stop_on_signals
from services.credit.bootstrap import BATCH, LANES, MOST_BATCH, working
from services.credit.config import CreditConfig
from tests.benchmarks import kafka_ceiling, workload
from tests.benchmarks.credit_worker import KEY, batches, published
from tests.benchmarks.fresh import fresh_database, settle
from tests.benchmarks.harness import Outcome, Scale, benchmark
from tests.engines import SOFTWARE
from tests.ports import free_ports

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

PER_EVENT = 4_000
LOOK_SECONDS = 0.05
POLL_SECONDS = 0.05
SHIPPED = BatchPolicy(max_records=BATCH, most_records=MOST_BATCH, poll_seconds=POLL_SECONDS)
SINGLE = BatchPolicy(max_records=1, poll_seconds=POLL_SECONDS)
_UNSENT = """
SELECT (SELECT count(*) FROM eventlog.pending) + (SELECT coalesce(sum(next_seq), 0) FROM eventlog.feed)
     - (SELECT coalesce(sum(value), 0) FROM eventlog.group_offset WHERE group_id = 'relay')
"""


@benchmark("credit_worker_kafka", unit="events/s", to="a bare loop that polls, parses, copies and sends")
def credit_worker_kafka(scale: Scale) -> Outcome:
    """Apply the workload from its topics; then let the bare loop take the same topics."""
    with fresh_kafka() as settings, fresh_database() as dsn:
        events = scale.of(workload.EVENTS)
        applied, sent = work(dsn, settings, scale.of(workload.MERCHANTS), events, SHIPPED)
        records = published(dsn)
        with fresh_database(migrated=False) as bare:
            seconds = kafka_ceiling.run(bare, settings, records, events, batches())
        return Outcome(events / sent, events / seconds, {"applied": events / applied, "bare loop": events / seconds})


@benchmark("credit_worker_vs_per_event", unit="events/s", to="the same worker with one transaction an event")
def credit_worker_vs_per_event(scale: Scale) -> Outcome:
    """Apply the workload in batches, and the beginning of it one by one, each on a database of its own."""
    merchants = scale.of(workload.MERCHANTS)
    with fresh_kafka() as settings:
        with fresh_database() as dsn:
            together = scale.of(workload.EVENTS) / work(dsn, settings, merchants, scale.of(workload.EVENTS), SHIPPED)[0]
        single = KafkaSettings(bootstrap=settings.bootstrap, namespace=f"b{uuid4().hex[:8]}.")
        with fresh_database() as dsn:
            alone = scale.of(PER_EVENT) / work(dsn, single, merchants, scale.of(PER_EVENT), SINGLE)[0]
        return Outcome(together, alone)


@contextmanager
def fresh_kafka() -> Iterator[KafkaSettings]:
    """Yield the settings of a broker of its own in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        engine = Kafka(folder=Path(folder) / "kafka", port=free_ports(), software=SOFTWARE)
        runner.start(engine, dies_with_parent=True)
        try:
            yield KafkaSettings(bootstrap=engine.bootstrap, namespace=f"b{uuid4().hex[:8]}.")
        finally:
            runner.stop(engine)


class Race(NamedTuple):
    """Where the lanes wait, and how many registrations and events are left."""

    prepared: Barrier
    start: Barrier
    registrations: "Synchronized[int]"
    events: "Synchronized[int]"


def work(dsn: str, settings: KafkaSettings, merchants: int, events: int, policy: BatchPolicy) -> tuple[float, float]:
    """Return the seconds until the worker, with its lanes as shipped, had applied all, and until all was sent."""
    ensure_topics(settings)
    fork = multiprocessing.get_context("fork")
    race = Race(fork.Barrier(LANES + 1), fork.Barrier(LANES + 1), fork.Value("q", merchants), fork.Value("q", events))
    relay = fork_lanes(1, lambda: run_loops([Sequencer(dsn), Relay(dsn, settings, "bench")], stop_on_signals()))
    lanes = fork_lanes(LANES, lambda: _lane(dsn, settings, race, policy))
    known = workload.codes(merchants)
    publish(settings, workload.registrations(known))
    race.prepared.wait()
    publish(settings, workload.events(known, events))
    _await_sent(dsn)
    settle(dsn)
    race.start.wait()
    began = time.perf_counter()
    assert lanes.join() == [0] * LANES
    applied = time.perf_counter() - began
    _await_sent(dsn)
    sent = time.perf_counter() - began
    stop = threading.Event()
    stop.set()
    relay.run(stop)
    return applied, sent


def publish(settings: KafkaSettings, messages: Iterator[Message]) -> None:
    """Put messages on their topics in Kafka."""
    with closing(KafkaEventLog(settings)) as log:
        for chunk in workload.chunks(messages):
            log.publish(chunk)


def _lane(dsn: str, settings: KafkaSettings, race: Race, policy: BatchPolicy) -> None:
    """Apply the registrations, in any batches; then wait for the start, and apply events until nothing is left."""
    with closing(KafkaEventLog(settings)) as log:
        loop, _ = working(CreditConfig(dsn=dsn, complainant_key=KEY), log, FixedClock(workload.NOW), SHIPPED)
        assert isinstance(loop, BatchConsumer)
        with closing(log.consumer(group=loop.group, topics=loop.topics, load_offsets=loop._load)) as consumer:
            _drain(loop, consumer, race.registrations)
            race.prepared.wait()
            loop.policy, loop._size = policy, 0
            race.start.wait()
            _drain(loop, consumer, race.events)
        loop.pool.close()


def _drain(loop: BatchConsumer, consumer: Consumer, left: "Synchronized[int]") -> None:
    while left.value > 0:
        taken = loop.step(consumer)
        with left.get_lock():
            left.value -= taken


def _await_sent(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        while conn.execute(_UNSENT).fetchone() != (0,):
            time.sleep(LOOK_SECONDS)
