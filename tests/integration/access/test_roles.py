"""Every method × every role: who may call what is what the access tables say; a method without an entry is closed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from joserfc.jwk import OKPKey
from merchantcredit.credit.v1 import (
    complainant_service_pb2,
    complaint_service_pb2,
    credit_service_pb2,
    matching_service_pb2,
    policy_service_pb2,
    punishment_service_pb2,
    review_service_pb2,
    webhook_service_pb2,
)
from merchantcredit.registry.v1 import registry_service_pb2
from merchantcredit.search.v1 import search_service_pb2

from services.common.auth.actor import Actor, Role
from services.common.auth.tokens import issue
from services.common.clock import SystemClock
from services.common.grpc.server import Registration
from services.credit import bootstrap as credit
from services.credit.config import CreditConfig
from services.registry import bootstrap as registry
from services.search import bootstrap as search
from tests.integration.grpc_fixtures import Served, serve

FILES = (
    registry_service_pb2, complainant_service_pb2, complaint_service_pb2, credit_service_pb2, matching_service_pb2,
    policy_service_pb2, punishment_service_pb2, review_service_pb2, webhook_service_pb2,
    search_service_pb2,
)  # fmt: skip
METHODS: dict[str, MethodDescriptor] = {
    f"/{service.full_name}/{method.name}": method
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
DENIED = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}


def services(dsn: str, folder: Path) -> list[Registration]:
    clock = SystemClock()
    config = CreditConfig(dsn=dsn, complainant_key=b"key")
    return [registry.serving(dsn, clock), *credit.serving_all(config, clock), search.serving(folder)]


@pytest.fixture
async def served(dsn: str, tmp_path: Path) -> AsyncIterator[tuple[Served, dict[str, frozenset[Role]]]]:
    made = services(dsn, tmp_path / "index")
    access = {f"/{s.service_name}/{method}": roles for s in made for method, roles in s.access.items()}
    async with serve(tmp_path, lambda: made) as running:
        yield running, access


async def call(served: Served, name: str, metadata: list[tuple[str, str]]) -> grpc.StatusCode:
    """Call a method with an empty request and return how it ended."""
    method = METHODS[name]
    request: Any = GetMessageClass(method.input_type)()
    try:
        if method.server_streaming:
            stream = served.channel.unary_stream(name, request_serializer=lambda m: m.SerializeToString())
            started = stream(request, metadata=metadata)
            await started.read()
            started.cancel()
        else:
            unary = served.channel.unary_unary(name, request_serializer=lambda m: m.SerializeToString())
            await unary(request, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


async def test_every_method_and_role(served: tuple[Served, dict[str, frozenset[Role]]]) -> None:
    running, access = served
    assert set(access) == set(METHODS)
    for name in METHODS:
        for role in Role:
            denied = await call(running, name, running.token(role)) in DENIED
            # An empty request never passes validation, so nothing but the roles can deny it.
            assert denied == (role not in access[name]), (name, role)


async def test_a_token_that_is_not_ours_is_refused(served: tuple[Served, dict[str, frozenset[Role]]]) -> None:
    running, _ = served
    name = "/merchantcredit.registry.v1.RegistryService/GetEnterprise"
    (header, good) = running.token(Role.OFFICE)[0]
    actor = Actor(subject="x", office="", roles=frozenset(Role))
    foreign = issue(OKPKey.generate_key("Ed25519"), actor, seconds=600)
    over = issue(running.key, actor, seconds=-10)
    for token in (good[:-4] + "AAAA", f"Bearer {foreign}", f"Bearer {over}", "Basic abc", "Bearer "):
        assert await call(running, name, [(header, token)]) is grpc.StatusCode.UNAUTHENTICATED, token


async def test_health_is_open_per_service(served: tuple[Served, dict[str, frozenset[Role]]]) -> None:
    running, access = served
    stub = health_pb2_grpc.HealthStub(running.channel)
    for service in {name.split("/")[1] for name in access}:
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
