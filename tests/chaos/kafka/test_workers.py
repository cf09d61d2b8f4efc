"""Credit workers over Kafka that are killed and frozen, and a broker that is killed: the end is that of a quiet run.

The quiet run is one worker over the feeds; what is compared is the whole outcome, offsets and dead letters included.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

import psycopg
from kafka import KafkaAdminClient

from deploy.engines import runner
from deploy.engines.kafka import Kafka
from services.common.clock import FixedClock
from services.common.eventlog.batch import BatchPolicy
from services.common.eventlog.kafka.log import KafkaEventLog
from services.common.eventlog.kafka.settings import KafkaSettings
from services.common.eventlog.kafka.topics import ensure_topics
from services.common.eventlog.port import Message
from services.common.eventlog.topics import CREDIT_GROUP, ENTERPRISE, INTAKE
from services.credit.bootstrap import working
from services.credit.config import CreditConfig
from tests.chaos.outcome import outcome
from tests.chaos.stream import waves
from tests.integration.credit.world import KEY, NOW, world

PATIENCE_SECONDS = 120.0
CONSUMED = (ENTERPRISE, *INTAKE)
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Where a worker works."""

    dsn: str
    settings: KafkaSettings


def work(job: Job) -> None:
    """Be a worker until killed."""
    log = KafkaEventLog(job.settings)
    config = CreditConfig(dsn=job.dsn, complainant_key=KEY)
    consumer, _ = working(config, log, FixedClock(NOW), BatchPolicy(max_records=20, poll_seconds=0.1))
    consumer.run(threading.Event())


def start(job: Job) -> BaseProcess:
    process: BaseProcess = _SPAWN.Process(target=work, args=(job,), daemon=True)
    process.start()
    return process


def kill(process: BaseProcess) -> None:
    process.kill()
    process.join()


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for what other processes do."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def read_so_far(dsn: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute("SELECT coalesce(sum(value), 0) FROM eventlog.group_offset").fetchone()
    return int(row[0]) if row else 0


def members(settings: KafkaSettings) -> int:
    admin = KafkaAdminClient(**settings.connection)
    try:
        told = admin.describe_groups([settings.physical(CREDIT_GROUP)])
        return len(told[settings.physical(CREDIT_GROUP)]["members"])
    finally:
        admin.close()


def publish(settings: KafkaSettings, messages: list[Message]) -> int:
    """Put messages on the topics; returns how many there are now."""
    log = KafkaEventLog(settings)
    log.publish(messages)
    total = sum(sum(log.end_offsets(topic).values()) for topic in CONSUMED)
    log.close()
    return total


def undisturbed(dsn: str, stream: list[list[Message]]) -> dict[str, object]:
    """Return what one worker over the feeds leaves behind."""
    with world(dsn) as alone:
        for wave in stream:
            alone.log.publish(wave)
            alone.drain()
    return outcome(dsn)


def test_they_end_like_one_undisturbed_worker(
    dsn: str, fresh_dsn: Callable[[str], str], settings: KafkaSettings, kafka: Kafka
) -> None:
    stream = waves(seed=7, size=120)
    ensure_topics(settings, CONSUMED)
    job = Job(dsn=dsn, settings=settings)
    workers = [start(job), start(job)]
    publish(settings, stream[0])
    until(lambda: read_so_far(dsn) > 0, "nobody reads")
    kill(workers[0])  # with a batch under way, or between two
    workers[0] = start(job)  # joins while the other works
    first = publish(settings, stream[1])
    until(lambda: members(settings) == 2, "the new worker did not join")
    frozen = workers[1].pid or 0
    os.kill(frozen, signal.SIGSTOP)
    until(lambda: members(settings) == 1, "the frozen worker was not given up")
    os.kill(frozen, signal.SIGCONT)  # the zombie wakes with its batch, and comes back to the group
    until(lambda: read_so_far(dsn) == first, "the second wave was not read")
    broker = runner.running_pid(kafka)
    assert broker is not None
    os.kill(broker, signal.SIGKILL)
    until(lambda: runner.running_pid(kafka) is None, "the broker lives")
    runner.start(kafka, dies_with_parent=True)
    total = publish(settings, stream[2])
    until(lambda: read_so_far(dsn) == total, "the last wave was not read")
    for worker in workers:
        kill(worker)
    assert outcome(dsn) == undisturbed(fresh_dsn("alone_on_feeds"), stream)
