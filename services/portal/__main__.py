"""`merchant-credit portal serve`: the page over the three services."""

import sys
from contextlib import AsyncExitStack

import grpc
import structlog
import uvloop

from services.common.clock import SystemClock
from services.common.config import Config
from services.common.role import Role, main, stop_event
from services.common.telemetry import health
from services.portal.app import make_app
from services.portal.bootstrap import serve
from services.portal.gateway import Channels

log = structlog.get_logger()
#: A name may stand for many copies of a service: calls take turns among them. By default all would go to the first.
CHANNEL_OPTIONS = (("grpc.service_config", '{"loadBalancingConfig": [{"round_robin": {}}]}'),)


def _serve(config: Config) -> None:
    uvloop.run(_serving(config))


async def _serving(config: Config) -> None:
    stop = stop_event()
    host, _, port = config.listen.rpartition(":")
    async with AsyncExitStack() as opened:

        async def channel(address: str) -> grpc.aio.Channel:
            return await opened.enter_async_context(grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS))

        channels = Channels(
            registry=await channel(config.registry),
            credit=await channel(config.credit),
            search=await channel(config.search),
        )
        page = serve(make_app(channels, SystemClock()), host, int(port))
        await page.start()
        log.info("role_ready", address=config.listen)
        await health.beat_until(stop, "serve")
        await page.stop()


if __name__ == "__main__":
    sys.exit(main("portal", {"serve": Role(_serve, ("listen", "registry", "credit", "search"))}))
