"""How the portal is served: uvicorn in the caller's event loop, without touching the process's signals."""

import asyncio
import contextlib
import socket
from collections.abc import Generator

import uvicorn
from starlette.applications import Starlette

GRACE_SECONDS = 5


class PortalServer:
    """Serves the portal; `port` is known as soon as it is made."""

    def __init__(self, app: Starlette, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        self._server = _Server(config)
        self._listener = listener
        self._task: asyncio.Task[None] | None = None
        self.port = int(listener.getsockname()[1])

    async def start(self) -> None:
        """Return once the portal answers; raises what kept it from starting."""
        self._task = asyncio.create_task(self._server.serve([self._listener]), name="portal")
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait({self._task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self._task

    async def stop(self) -> None:
        """Let requests end within the grace, then close; raises what the portal died of."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._listener.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals to the process that serves more than this."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        self.ready.set()


def serve(app: Starlette, host: str, port: int) -> PortalServer:
    """Return a server of the portal on an address, 0 for any free port; raises OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    # asyncio sets this only on sockets that name their protocol; without it each answer waits 40 ms for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return PortalServer(app, listener)
