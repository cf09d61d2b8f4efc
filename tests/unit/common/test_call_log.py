"""What a server logs of a call: its id and how it ended, where nobody expected that; never what was asked."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import orjson
import pytest
import structlog

from services.common.auth.actor import Role
from services.common.errors import DependencyUnavailable, invalid
from services.common.grpc import request_ids
from services.common.grpc.interceptor import EVERYBODY
from services.common.grpc.server import Registration
from services.common.logs import log_to_stderr
from tests.integration.grpc_fixtures import Served, serve

NAME, PHONE = "欧阳植入", "13912345678"
BODY = f"{NAME} {PHONE}".encode()

pytestmark = pytest.mark.usefixtures("restored_logging")


async def _echo(request: bytes, _: object) -> bytes:
    return request


async def _refuse(request: bytes, _: object) -> bytes:
    raise invalid("complaint.target", f"{request.decode()} is no code")


async def _break(request: bytes, _: object) -> bytes:
    structlog.get_logger().warning("within")
    return bytes([int(request.decode())])


async def _away(_: bytes, __: object) -> bytes:
    raise DependencyUnavailable("the database does not answer: retry")


async def _stream(request: bytes, _: object) -> AsyncIterator[bytes]:
    yield request
    raise ValueError(request.decode())


METHODS = {"Echo": _echo, "Refuse": _refuse, "Break": _break, "Away": _away}


def _registration() -> Registration:
    handlers: dict[str, Any] = {name: grpc.unary_unary_rpc_method_handler(run) for name, run in METHODS.items()}
    handlers["Stream"] = grpc.unary_stream_rpc_method_handler(_stream)

    def add(server: grpc.aio.Server) -> None:
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", handlers),))

    return Registration(service_name="test.Echo", add=add, access=dict.fromkeys(handlers, EVERYBODY))


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serve(tmp_path, lambda: [_registration()]) as running:
        yield running


async def _call(served: Served, method: str, *metadata: tuple[str, str]) -> tuple[grpc.StatusCode, str]:
    """Call, and return the status and the id that came back."""
    sent = [*served.token(Role.PLATFORM, "12315"), *metadata]
    channel: Any = served.channel
    if method == "Stream":
        call: Any = channel.unary_stream(f"/test.Echo/{method}")(BODY, metadata=sent)
        assert await call.read() == BODY
        with pytest.raises(grpc.aio.AioRpcError):
            await call.read()
    else:
        call = channel.unary_unary(f"/test.Echo/{method}")(BODY, metadata=sent)
    code = await call.code()
    return code, dict(await call.trailing_metadata())["x-request-id"]


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    written = capsys.readouterr().err
    lines = [orjson.loads(line) for line in written.splitlines()]
    assert not any(secret in f"{written}{lines}" for secret in (NAME, PHONE, "植入", "Bearer", "eyJ"))
    return lines


@pytest.mark.parametrize(
    ("method", "code"),
    [("Break", "INTERNAL"), ("Stream", "INTERNAL"), ("Away", "UNAVAILABLE")],
)
async def test_an_unexpected_end_is_a_line_with_the_callers_id(
    served: Served, capsys: pytest.CaptureFixture[str], method: str, code: str
) -> None:
    log_to_stderr("json", service="credit", role="serve")
    assert await _call(served, method, ("x-request-id", "a.B-1_")) == (grpc.StatusCode[code], "a.B-1_")
    lines = _lines(capsys)
    assert {line["request_id"] for line in lines} == {"a.B-1_"}
    told = lines[-1]
    assert (told["event"], told["method"], told["status"]) == ("call_failed", f"/test.Echo/{method}", code)
    assert (told["actor"], told["service"]) == ("12315", "credit")
    assert told["ms"] >= 0
    assert f"in _{method.lower()}" in told["exception"]
    assert [line["event"] for line in lines[:-1]] == (["within"] if method == "Break" else [])


@pytest.mark.parametrize(("method", "code"), [("Echo", "OK"), ("Refuse", "INVALID_ARGUMENT")])
async def test_an_expected_end_is_a_line_at_debug_level_only(
    served: Served, capsys: pytest.CaptureFixture[str], method: str, code: str
) -> None:
    log_to_stderr("json")
    status, fresh = await _call(served, method)
    assert (status, len(fresh)) == (grpc.StatusCode[code], 32)
    assert _lines(capsys) == []
    log_to_stderr("json", "debug")
    _, fresh = await _call(served, method)
    (line,) = _lines(capsys)
    assert (line["event"], line["status"], line["request_id"]) == ("call_ended", code, fresh)


@pytest.mark.parametrize("sent", ["x" * 65, "a b", '"},{"', "a;drop"])
async def test_a_hostile_id_is_replaced(served: Served, capsys: pytest.CaptureFixture[str], sent: str) -> None:
    log_to_stderr("json")
    _, fresh = await _call(served, "Break", ("x-request-id", sent))
    lines = _lines(capsys)
    assert {line["request_id"] for line in lines} == {fresh}
    assert sent not in str(lines)


@pytest.mark.parametrize("sent", ["", "a\nb", "a\n", "\x1b[31m", "一", "x" * 65])
def test_no_newline_and_no_escape_is_taken(sent: str) -> None:
    """The client of gRPC sends none of these; another might."""
    assert request_ids.taken({"x-request-id": sent}).isalnum()
    assert request_ids.taken({"x-request-id": "x" * 64}) == "x" * 64
