"""`credit_worker_embedded`: events a second through the credit worker, against a ceiling loop that writes the same bytes."""

import multiprocessing
import time
from collections.abc import Iterator
from itertools import repeat
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from typing import NamedTuple

import psycopg

from services.common.clock import FixedClock
from services.common.eventlog.batch import BatchConsumer, BatchPolicy
from services.common.eventlog.feeds import HEARTBEAT_SECONDS, FeedsEventLog
from services.common.eventlog.port import Consumer
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import RECORD
from services.common.lanes import fork_lanes
from services.credit.bootstrap import BATCH, LANES, MOST_BATCH, working
from services.credit.config import CreditConfig
from tests.benchmarks import ceiling, workload
from tests.benchmarks.fresh import fresh_database, settle
from tests.benchmarks.harness import Outcome, Scale, benchmark

KEY = b"a benchmark's key of complainants"
#: Of each merchant its last record, cut to the mean size of all that were published of it; and what is kept of it as it
#: changes (the record, the restricted one, the revision, the state), cut alike.
_RECORDS = """
WITH said AS (
    SELECT key, avg(length(payload)) AS mean FROM eventlog.message WHERE topic = %s GROUP BY key
), kept AS (
    SELECT p.code, p.record, said.mean / length(p.record) AS share,
           p.record || r.record || v.record || s.cells || convert_to(s.detail, 'UTF8') AS everything
    FROM said JOIN credit.public_record p ON p.code = said.key JOIN credit.subject s USING (code)
    JOIN credit.restricted_record r USING (code) JOIN credit.record_revision v ON (v.code, v.revision) = (p.code, p.revision)
)
SELECT code, substr(record, 1, (length(record) * share)::int), substr(everything, 1, (length(everything) * share)::int)
FROM kept
"""


@benchmark(
    "credit_worker_embedded",
    unit="events/s",
    to="a loop that reads, parses, copies, upserts and announces the same bytes",
)
def credit_worker_embedded(scale: Scale) -> Outcome:
    """Apply the workload once; then let the ceiling loop do so, on a cluster of its own.

    The loop takes 8,000 events at a time, as it did when the ratio was asked for; `besides` has it with the worker's sizes.
    """
    with fresh_database() as dsn:
        prepare(dsn, scale)
        rate = work(dsn, scale)
        records = published(dsn)
    bare = [_bare(scale, records, sizes) for sizes in (repeat(BATCH), batches())]
    return Outcome(rate, bare[0], {"bare loop with growing batches": bare[1]})


def _bare(scale: Scale, records: dict[str, tuple[bytes, bytes]], sizes: Iterator[int]) -> float:
    """Return the events a second of the ceiling loop with batches of some sizes."""
    with fresh_database() as dsn:
        prepare(dsn, scale)
        ceiling.prepare(dsn)
        settle(dsn)
        return scale.of(workload.EVENTS) / ceiling.run(dsn, records, sizes)


def prepare(dsn: str, scale: Scale) -> None:
    """Load registrations through the worker, and put the events on their topics, numbered."""
    known = workload.codes(scale.of(workload.MERCHANTS))
    log = FeedsEventLog(dsn)
    for chunk in workload.chunks(workload.registrations(known)):
        log.publish(chunk)
    drain(dsn, log)
    for chunk in workload.chunks(workload.events(known, scale.of(workload.EVENTS))):
        log.publish(chunk)
    Sequencer(dsn).sequence_once()
    log.close()
    settle(dsn)


def work(dsn: str, scale: Scale) -> float:
    """Return the events a second that the worker, with its lanes as shipped, took from the topics."""
    fork = multiprocessing.get_context("fork")
    race = _Race(fork.Barrier(LANES + 1), fork.Value("q", scale.of(workload.EVENTS)))
    lanes = fork_lanes(LANES, lambda: _lane(dsn, race))
    race.start.wait()
    began = time.perf_counter()
    assert lanes.join() == [0] * LANES
    return scale.of(workload.EVENTS) / (time.perf_counter() - began)


class _Race(NamedTuple):
    """Where the lanes wait for each other, and how many events are left."""

    start: Barrier
    left: "Synchronized[int]"


def _lane(dsn: str, race: _Race) -> None:
    """Join the group, wait until all have joined and know of each other, then step until nothing is left."""
    log = FeedsEventLog(dsn)
    batch, consumer = _member(dsn, log, poll_seconds=0.02)
    consumer.poll(max_records=0, timeout_seconds=HEARTBEAT_SECONDS * 2.5)
    race.start.wait()
    while race.left.value > 0:
        taken = batch.step(consumer)
        with race.left.get_lock():
            race.left.value -= taken
    consumer.close()
    batch.pool.close()
    log.close()


def batches() -> Iterator[int]:
    """Yield the sizes that the worker's batches have while they are quick, for who is compared with it."""
    size = BATCH
    while True:
        yield size
        size = min(2 * size, MOST_BATCH)


def published(dsn: str) -> dict[str, tuple[bytes, bytes]]:
    """Return of each merchant bytes of the size of its records, and of all that is rewritten with one."""
    with psycopg.connect(dsn) as conn, conn.cursor(binary=True) as cursor:
        return {code: (record, everything) for code, record, everything in cursor.execute(_RECORDS, [RECORD])}


def drain(dsn: str, log: FeedsEventLog) -> None:
    """Number what waits, and step the worker until nothing is left."""
    Sequencer(dsn).sequence_once()
    batch, consumer = _member(dsn, log, poll_seconds=0)
    while batch.step(consumer):
        pass
    consumer.close()
    batch.pool.close()


def _member(dsn: str, log: FeedsEventLog, poll_seconds: float) -> tuple[BatchConsumer, Consumer]:
    config = CreditConfig(dsn=dsn, complainant_key=KEY)
    policy = BatchPolicy(max_records=BATCH, most_records=MOST_BATCH, poll_seconds=poll_seconds)
    batch, _ = working(config, log, FixedClock(workload.NOW), policy)
    assert isinstance(batch, BatchConsumer)
    return batch, log.consumer(group=batch.group, topics=batch.topics, load_offsets=batch._load)
