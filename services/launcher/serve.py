"""The process `serve`: all servicers and the portal, on one loop."""

import asyncio
import signal
from collections.abc import Callable

import grpc
import uvloop

from services.common.auth.tokens import Verifier, load_key
from services.common.clock import SystemClock
from services.common.grpc import server
from services.common.telemetry import health
from services.common.telemetry.start import telemetry
from services.credit import bootstrap as credit
from services.credit.config import CreditConfig
from services.launcher.state import PORTAL, SERVE, State, webhook_networks
from services.portal.app import make_app
from services.portal.bootstrap import serve as serve_page
from services.portal.gateway import Channels
from services.registry import bootstrap as registry
from services.search import bootstrap as search


def run(state: State, dsn: str, ready: Callable[[], None]) -> None:
    """Serve until told to stop."""
    with telemetry(state.metrics_address("serve")):
        uvloop.run(_serving(state, dsn, ready))


async def _serving(state: State, dsn: str, ready: Callable[[], None]) -> None:
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    clock = SystemClock()
    config = CreditConfig(dsn=dsn, complainant_key=state.complainant_key(), webhook_networks=webhook_networks())
    services = [
        registry.serving(dsn, clock),
        *credit.serving_all(config, clock),
        search.serving(state.index),
    ]
    address = state.address(SERVE)
    running = await server.start(services, verifier=Verifier(load_key(state.key_file)), address=address)
    async with grpc.aio.insecure_channel(address) as channel:
        page = serve_page(
            make_app(Channels(registry=channel, credit=channel, search=channel), clock), "127.0.0.1", state.port(PORTAL)
        )
        await page.start()
        ready()
        await health.beat_until(stop, "serve")
        await page.stop()
    await running.stop()
