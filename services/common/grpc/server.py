"""How a gRPC server of the platform is built: one loop, the interceptor, health per service, reflection."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.common.auth.actor import Role
from services.common.auth.tokens import Verifier
from services.common.grpc.interceptor import ActorInterceptor

GRACE_SECONDS = 5.0
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
OPTIONS = (
    ("grpc.so_reuseport", 0),  # a second copy on the same port must fail, not share it silently
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One service of a server: its full name, how it is added, who may call what, and what it must close."""

    service_name: str
    add: Callable[[grpc.aio.Server], None]
    access: Mapping[str, frozenset[Role]]
    closers: Sequence[Callable[[], Any]] = field(default=())


@dataclass(slots=True)
class Server:
    """A running server; `port` is the one that it got."""

    server: grpc.aio.Server
    health: health.aio.HealthServicer
    services: Sequence[Registration]
    port: int

    async def stop(self) -> None:
        """Say NOT_SERVING, let calls end within the grace, then close what the services opened."""
        await self.health.enter_graceful_shutdown()
        await self.server.stop(GRACE_SECONDS)
        for service in self.services:
            for close in reversed(service.closers):
                close()


async def start(services: Sequence[Registration], *, verifier: Verifier, address: str) -> Server:
    """Start a server with some services; raises RuntimeError when the address is taken."""
    access = {f"/{s.service_name}/{method}": roles for s in services for method, roles in s.access.items()}
    server = grpc.aio.server(interceptors=[ActorInterceptor(verifier, access)], options=OPTIONS)
    for service in services:
        service.add(server)
    names = [service.service_name for service in services]
    healthy = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    port = server.add_insecure_port(address)
    await server.start()
    for name in ("", *names):
        await healthy.set(name, health_pb2.HealthCheckResponse.SERVING)
    return Server(server, healthy, services, port)
