"""`credit_worker_embedded`: events a second through the credit worker, against a ceiling loop that writes the same bytes."""

import time

import psycopg

from services.common.clock import FixedClock
from services.common.eventlog.batch import BatchConsumer, BatchPolicy
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import RECORD
from services.credit.bootstrap import BATCH, working
from services.credit.config import CreditConfig
from tests.benchmarks import ceiling, workload
from tests.benchmarks.fresh import fresh_database, settle
from tests.benchmarks.harness import Outcome, Scale, benchmark

_KEY = b"a benchmark's key of complainants"
#: Of each merchant its last record, cut to the mean size of all that were published of it.
_RECORDS = """
SELECT key, substr((array_agg(payload ORDER BY id DESC))[1], 1, round(avg(length(payload)))::int)
FROM eventlog.message WHERE topic = %s AND id > %s GROUP BY key
"""


@benchmark(
    "credit_worker_embedded",
    unit="events/s",
    to="a loop that reads, parses, copies, upserts and announces the same bytes",
)
def credit_worker_embedded(scale: Scale) -> Outcome:
    """Apply the workload once; then let the ceiling loop do so on a cluster of its own."""
    with fresh_database() as dsn:
        prepare(dsn, scale)
        rate = work(dsn, scale)
        records = published(dsn)
    with fresh_database() as dsn:
        prepare(dsn, scale)
        ceiling.prepare(dsn)
        settle(dsn)
        return Outcome(rate, scale.of(workload.EVENTS) / ceiling.run(dsn, records, BATCH))


def prepare(dsn: str, scale: Scale) -> None:
    """Load registrations through the worker, and put the events on their topics, numbered."""
    known = workload.codes(scale.of(workload.MERCHANTS))
    log = FeedsEventLog(dsn)
    for chunk in workload.chunks(workload.registrations(known)):
        log.publish(chunk)
    _drain(dsn, log)
    for chunk in workload.chunks(workload.events(known, scale.of(workload.EVENTS))):
        log.publish(chunk)
    Sequencer(dsn).sequence_once()
    log.close()
    settle(dsn)


def work(dsn: str, scale: Scale) -> float:
    """Return the events a second that the worker, as its bootstrap makes it, took from the topics."""
    log = FeedsEventLog(dsn)
    began = time.perf_counter()
    taken = _drain(dsn, log)
    took = time.perf_counter() - began
    log.close()
    assert taken == scale.of(workload.EVENTS)
    return taken / took


def published(dsn: str) -> dict[str, bytes]:
    """Return of each merchant bytes of the size of its records, as the worker announced them."""
    with psycopg.connect(dsn) as conn:
        first = conn.execute("SELECT max(id) FROM eventlog.message WHERE topic NOT IN (%s)", [RECORD]).fetchone()
        assert first is not None
        return {key: bytes(record) for key, record in conn.execute(_RECORDS, [RECORD, 0])}


def _drain(dsn: str, log: FeedsEventLog) -> int:
    """Number what waits, and step the worker until nothing is left; returns how many records it took."""
    Sequencer(dsn).sequence_once()
    batch, _ = working(
        CreditConfig(dsn=dsn, complainant_key=_KEY),
        log,
        FixedClock(workload.NOW),
        BatchPolicy(max_records=BATCH, poll_seconds=0.0),
    )
    assert isinstance(batch, BatchConsumer)
    consumer = log.consumer(group=batch.group, topics=batch.topics, load_offsets=batch._load)
    taken = 0
    while step := batch.step(consumer):
        taken += step
    consumer.close()
    batch.pool.close()
    return taken
