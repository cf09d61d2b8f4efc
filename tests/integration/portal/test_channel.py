"""The portal's calls take turns among the copies of a service that one name stands for."""

from contextlib import AsyncExitStack

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.portal.__main__ import CHANNEL_OPTIONS


class Counting(health_pb2_grpc.HealthServicer):
    def __init__(self) -> None:
        self.calls = 0

    async def Check(self, *_: object) -> health_pb2.HealthCheckResponse:  # noqa: N802 - gRPC dictates the name
        self.calls += 1
        return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


async def test_two_copies_share_the_calls() -> None:
    copies, addresses = [Counting(), Counting()], []
    async with AsyncExitStack() as opened:
        for copy in copies:
            server = grpc.aio.server()
            health_pb2_grpc.add_HealthServicer_to_server(copy, server)
            addresses.append(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
            await server.start()
            opened.push_async_callback(server.stop, None)
        # What a name with two addresses resolves to.
        both = grpc.aio.insecure_channel(f"ipv4:{','.join(addresses)}", options=CHANNEL_OPTIONS)
        stub = health_pb2_grpc.HealthStub(await opened.enter_async_context(both))
        # The second joins when its connection is up: until then the first has all.
        while not all(copy.calls for copy in copies):
            await stub.Check(health_pb2.HealthCheckRequest())
        before = [copy.calls for copy in copies]
        for _ in range(10):
            await stub.Check(health_pb2.HealthCheckRequest())
        assert [copy.calls - was for copy, was in zip(copies, before, strict=True)] == [5, 5]
