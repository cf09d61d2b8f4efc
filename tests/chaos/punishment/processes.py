"""What is killed: the server, the worker that numbers and takes feedback, the sequencer, and the departments themselves."""

import asyncio
import threading
from dataclasses import dataclass
from pathlib import Path

from services.cli import calls
from services.cli.departments.simulation import Simulation
from services.common.auth.tokens import Verifier, load_key
from services.common.clock import SystemClock
from services.common.eventlog.batch import BatchPolicy
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.sequencer import Sequencer
from services.common.grpc import server
from services.common.lifecycle import run_loops
from services.credit.bootstrap import punishing, serving_punishment
from services.credit.config import CreditConfig
from tests.integration.credit.world import KEY

SESSION_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Where a process works; `departments` are those of a departments' process."""

    dsn: str
    port: int
    key_file: Path
    journals: Path
    departments: tuple[str, ...] = ()

    @property
    def config(self) -> CreditConfig:
        return CreditConfig(dsn=self.dsn, complainant_key=KEY)


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
    log = FeedsEventLog(job.dsn, session_seconds=SESSION_SECONDS)
    run_loops(
        punishing(job.config, log, SystemClock(), BatchPolicy(max_records=50, poll_seconds=0.05)), threading.Event()
    )


def sequence(job: Job) -> None:
    """Number messages until killed."""
    Sequencer(job.dsn).run(threading.Event())


def department(job: Job) -> None:
    """Be some departments until killed; what they wrote down is what they remember."""
    asyncio.run(_department(job))


async def _department(job: Job) -> None:
    simulation = Simulation(folder=job.journals, key=load_key(job.key_file), away_seconds=0.5, seed=1)
    async with calls.channel(f"127.0.0.1:{job.port}") as channel:
        await simulation.run(channel, job.departments, asyncio.Event())
