"""Traces as a collector gets them: the way of one event by its links, and what a span does not tell."""

import asyncio
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

import grpc
import pytest
from merchantcredit.credit.v1 import credit_service_pb2 as pb
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from services.common.auth.actor import Role
from services.common.eventlog.topics import CREDIT_GROUP, SEARCH_GROUP
from services.common.telemetry import traces
from services.common.telemetry.otlp import MAX_LINKS, OtlpTracer
from services.common.telemetry.start import tracing
from tests.integration.credit.world import complaint, enterprise, told
from tests.integration.telemetry.collector import attributes, collecting
from tests.integration.telemetry.system import running, until

SUBMIT = "merchantcredit.credit.v1.CreditService/SubmitComplaint"
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


async def test_an_event_is_followed_from_its_intake_to_the_index(dsn: str, tmp_path: Path) -> None:
    with collecting() as collector:
        with tracing(collector.url, "test", "all"):
            async with running(dsn, tmp_path) as system:
                system.log.publish([told(enterprise(), "e1")])
                await asyncio.to_thread(until, lambda: system.revision() > 0)
                registered = system.revision()
                request = pb.SubmitComplaintRequest(
                    request_id="c1", complaint=complaint("c1", received_on="2026-01-05")
                )
                caller = (traces.W3C, f"00-{TRACE}-{CALLER}-01")
                await system.stub.SubmitComplaint(request, metadata=(*system.served.token(Role.OFFICE), caller))
                await asyncio.to_thread(until, lambda: system.revision() > registered)
        (call,) = [span for span in collector.spans if span.name == SUBMIT]
        assert (call.trace_id.hex(), call.parent_span_id.hex(), call.kind) == (TRACE, CALLER, Span.SPAN_KIND_SERVER)
        (applied,) = collector.linked_to(call)
        assert (applied.name, applied.kind) == (f"process {CREDIT_GROUP}", Span.SPAN_KIND_CONSUMER)
        assert attributes(applied)["messaging.batch.message_count"] == 1
        assert {span.name for span in collector.linked_to(applied)} == {f"process {SEARCH_GROUP}"}


def test_a_failed_batch_tells_the_kind_of_its_error_and_not_its_words() -> None:
    with collecting() as collector:
        with tracing(collector.url, "test", "all"), pytest.raises(LookupError), traces.batch("some", [], 1):
            raise LookupError("13800138000")
        (span,) = collector.spans
    assert (span.status.code, span.status.message) == (Status.STATUS_CODE_ERROR, "")
    assert attributes(span)["error.type"] == "LookupError"
    assert b"13800138000" not in span.SerializeToString()


async def test_a_refused_call_tells_its_status_and_not_what_was_asked(dsn: str, tmp_path: Path) -> None:
    with collecting() as collector:
        with tracing(collector.url, "test", "all"):
            async with running(dsn, tmp_path) as system:
                with pytest.raises(grpc.aio.AioRpcError):
                    await system.stub.SubmitComplaint(pb.SubmitComplaintRequest(request_id="13800138000"))
        (call,) = [span for span in collector.spans if span.name == SUBMIT]
        assert attributes(call)["rpc.response.status_code"] == "UNAUTHENTICATED"
        assert call.status.code == Status.STATUS_CODE_UNSET  # a refusal is an answer
        assert not call.events
        assert b"13800138000" not in call.SerializeToString()


def test_a_batch_of_many_causes_links_to_some_and_tells_how_many_there_were() -> None:
    causes = [MappingProxyType({traces.HEADER: f"00-{TRACE}-{n:016x}-01"}) for n in range(1, 2 * MAX_LINKS)]
    malformed = [MappingProxyType({traces.HEADER: "00-none"}), MappingProxyType({})]
    producer = MappingProxyType({traces.W3C: f"00-{TRACE}-{CALLER}-01"})
    with collecting() as collector:
        with closing(OtlpTracer(collector.url, "test", "all")) as tracer:
            traces.use(tracer)
            with traces.batch("some", [producer, *malformed, *causes, *causes], 3):
                assert set(traces.stamp()) == {traces.HEADER}
            assert traces.stamp() == {}
            traces.use(None)
        (span,) = collector.spans
    assert len(span.links) == MAX_LINKS - 1
    assert span.links[0].span_id.hex() == CALLER
    assert attributes(span)["merchantcredit.causes"] == 2 * MAX_LINKS + 1


def test_without_a_collector_nothing_is_stamped() -> None:
    with tracing("", "test", "all"), traces.call(SUBMIT, "", "r"), traces.batch("some", [], 0):
        assert not traces.is_on()
        assert traces.stamp() == {}
