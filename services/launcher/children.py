"""The three processes: `serve` (all servicers and the portal, one loop), `work` (consumers, sequencer, sweeper), `project`."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable

import grpc
import structlog
import uvloop

from services.common.auth.tokens import Verifier, load_key
from services.common.clock import SystemClock
from services.common.db.postmaster import die_with_parent
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.sequencer import Sequencer
from services.common.grpc import server
from services.common.lanes import fork_lanes
from services.common.lifecycle import Loop, run_loops
from services.credit import bootstrap as credit
from services.credit.config import CreditConfig
from services.launcher.state import PORTAL, SERVE, State
from services.portal.app import make_app
from services.portal.bootstrap import serve as serve_page
from services.registry import bootstrap as registry
from services.search import bootstrap as search


def run_child(role: str, state: State, dsn: str) -> None:
    """Run one process of a role until SIGTERM, or until the launcher dies."""
    die_with_parent(signal.SIGTERM)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    _CHILDREN[role](state, dsn)


def _serve(state: State, dsn: str) -> None:
    uvloop.run(_serving(state, dsn))


async def _serving(state: State, dsn: str) -> None:
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    clock = SystemClock()
    services = [
        registry.serving(dsn, clock),
        credit.serving(_credit_config(state, dsn), clock),
        search.serving(state.index),
    ]
    address = f"127.0.0.1:{state.port(SERVE)}"
    running = await server.start(services, verifier=Verifier(load_key(state.key_file)), address=address)
    async with grpc.aio.insecure_channel(address) as channel:
        page = serve_page(make_app(channel, clock), "127.0.0.1", state.port(PORTAL))
        await page.start()
        _ready()
        await stop.wait()
        await page.stop()
    await running.stop()


def _work(state: State, dsn: str) -> None:
    config = _credit_config(state, dsn)
    lanes = fork_lanes(credit.LANES - 1, lambda: _consume(config))
    event_log = FeedsEventLog(dsn)
    loops: list[Loop] = [lanes, Sequencer(dsn), *credit.working(config, event_log, SystemClock())]
    _ready()
    run_loops(loops, _stop_on_signals())
    event_log.close()


def _consume(config: CreditConfig) -> None:
    event_log = FeedsEventLog(config.dsn)
    consumer, _ = credit.working(config, event_log, SystemClock())
    run_loops([consumer], _stop_on_signals())
    event_log.close()


def _project(state: State, dsn: str) -> None:
    loops = search.projecting(dsn, state.index, SystemClock())
    _ready()
    run_loops(loops, _stop_on_signals())


def _credit_config(state: State, dsn: str) -> CreditConfig:
    return CreditConfig(dsn=dsn, complainant_key=state.complainant_key())


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stop.set())
    return stop


def _ready() -> None:
    """Tell the launcher, over the pipe that is our standard output."""
    os.write(1, b"ready\n")


_CHILDREN: dict[str, Callable[[State, str], None]] = {"serve": _serve, "work": _work, "project": _project}
