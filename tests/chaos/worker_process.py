"""What the processes that are killed run: the credit worker, the sequencer, the sweeper, with the clock injected."""

import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.common.clock import FixedClock
from services.common.eventlog.batch import BatchConsumer, BatchPolicy
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.sequencer import Sequencer
from services.credit.application import turn_day
from services.credit.bootstrap import working
from services.credit.config import CreditConfig
from services.credit.consumers.sweeper import Sweeper
from tests.chaos.killing import arm
from tests.integration.credit.world import KEY


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a process works on, and when it dies: at its n-th moment, or not by itself when 0."""

    dsn: str
    now: datetime
    last_words: Path
    die_at: int = 0
    max_records: int = 60
    session_seconds: float = 0.05


def work(job: Job) -> None:
    """Run the credit worker until it has consumed all that is sequenced."""
    _arm(job)
    log = FeedsEventLog(job.dsn, session_seconds=job.session_seconds)
    batch, _ = _loops(job, log)
    consumer = log.consumer(group=batch.group, topics=batch.topics, load_offsets=batch._load)
    while batch.step(consumer) or not _has_consumed(batch, log):
        pass
    consumer.close()
    log.close()
    batch.pool.close()


def work_on(job: Job) -> None:
    """Run the credit worker until it is killed."""
    log = FeedsEventLog(job.dsn, session_seconds=job.session_seconds)
    batch, _ = _loops(job, log)
    batch.run(threading.Event())


def sequence(job: Job) -> None:
    """Run the sequencer until it is killed."""
    _arm(job)
    Sequencer(job.dsn).run(threading.Event())


def sweep(job: Job) -> None:
    """Turn the day, three subjects a transaction, until none is due that nobody else holds."""
    _arm(job)
    turn_day.CHUNK = 3
    log = FeedsEventLog(job.dsn)
    batch, sweeper = _loops(job, log)
    sweeper.sweep_once()
    log.close()
    batch.pool.close()


def _arm(job: Job) -> None:
    if job.die_at:
        arm(job.die_at, job.last_words)


def _loops(job: Job, log: FeedsEventLog) -> tuple[BatchConsumer, Sweeper]:
    policy = BatchPolicy(max_records=job.max_records, poll_seconds=0.02)
    config = CreditConfig(dsn=job.dsn, complainant_key=KEY)
    batch, sweeper = working(config, log, FixedClock(job.now), policy)
    assert isinstance(batch, BatchConsumer)
    assert isinstance(sweeper, Sweeper)
    return batch, sweeper


def _has_consumed(batch: BatchConsumer, log: FeedsEventLog) -> bool:
    ends = {tp: end for topic in batch.topics for tp, end in log.end_offsets(topic).items() if end}
    return all(batch._committed.get(tp, 0) >= end for tp, end in ends.items())
