"""What is killed: the server, the worker that numbers and takes feedback, the sequencer, the relay, the sender, and departments."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.cli import calls
from services.cli.departments.simulation import Simulation
from services.common.auth.tokens import Verifier, load_key
from services.common.clock import SystemClock
from services.common.eventlog.batch import BatchPolicy
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.kafka.log import KafkaEventLog
from services.common.eventlog.kafka.relay import Relay
from services.common.eventlog.kafka.settings import KafkaSettings
from services.common.eventlog.sequencer import Sequencer
from services.common.grpc import server
from services.common.lifecycle import run_loops
from services.credit.bootstrap import punishing, sending_webhooks, serving_punishment
from services.credit.config import CreditConfig
from services.credit.domain.webhooks.schedule import Schedule
from tests.chaos.punishment.hooks import WritingReceiver
from tests.integration.credit.webhooks.hooks import LOOPBACK
from tests.integration.credit.world import KEY

SESSION_SECONDS = 0.5
#: A claim of a killed sender's lasts three times as long.
ANSWER_SECONDS = 1.0
FAST = Schedule(first_seconds=0.05, most_seconds=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Where a process works; without `kafka` the topics are the feeds.

    `departments` are those of a departments' process, the first of which gets its directives by webhook too, at `hook_port`.
    """

    dsn: str
    port: int
    key_file: Path
    journals: Path
    hooks: Path
    departments: tuple[str, ...] = ()
    hook_port: int = 0
    kafka: KafkaSettings | None = None

    @property
    def config(self) -> CreditConfig:
        return CreditConfig(dsn=self.dsn, complainant_key=KEY, webhook_networks=LOOPBACK)


def serve(job: Job) -> None:
    """Serve joint punishment until killed."""
    asyncio.run(_serve(job))


async def _serve(job: Job) -> None:
    services = [serving_punishment(job.config, SystemClock())]
    address = f"127.0.0.1:{job.port}"
    running = await server.start(services, verifier=Verifier(load_key(job.key_file)), address=address)
    await running.server.wait_for_termination()  # a server that nobody holds is collected, and stops


def work(job: Job) -> None:
    """Number directives, take feedback and sweep until killed."""
    log = KafkaEventLog(job.kafka) if job.kafka else FeedsEventLog(job.dsn, session_seconds=SESSION_SECONDS)
    policy = BatchPolicy(max_records=200, poll_seconds=0.05)
    run_loops(punishing(job.config, log, SystemClock(), policy), threading.Event())


def sequence(job: Job) -> None:
    """Number messages until killed."""
    Sequencer(job.dsn).run(threading.Event())


def relay(job: Job) -> None:
    """Bring messages to the broker until killed."""
    assert job.kafka is not None
    Relay(job.dsn, job.kafka, "credit").run(threading.Event())


def send(job: Job) -> None:
    """Send to webhooks until killed."""
    sender = sending_webhooks(job.config, SystemClock(), FAST, ANSWER_SECONDS)
    run_loops([sender], threading.Event())


def department(job: Job) -> None:
    """Be some departments until killed; what they wrote down is what they remember."""
    asyncio.run(_department(job))


async def _department(job: Job) -> None:
    simulation = Simulation(
        folder=job.journals, key=load_key(job.key_file), away_seconds=5.0, seed=1, slow_seconds=0.02
    )
    async with calls.channel(f"127.0.0.1:{job.port}") as channel:
        WritingReceiver(job.hooks, job.departments[0], job.hook_port)
        await simulation.run(channel, job.departments, asyncio.Event())


RUN: dict[str, Callable[[Job], None]] = {
    "server": serve,
    "worker": work,
    "sequencer": sequence,
    "relay": relay,
    "sender": send,
    "department": department,
}
