"""Spans by OpenTelemetry, sent to a collector by OTLP over HTTP; loaded only when on.

Attributes are those of OpenTelemetry's semantic conventions for RPC and messaging. A span says that something failed
and the kind of error, never its text: a text may quote what was sent.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

#: What a span keeps by the specification's default (LinkCountLimit); a batch with more causes tells how many there were.
MAX_LINKS = 128

_W3C = TraceContextTextMapPropagator()


class OtlpTracer:
    """Sends spans to the URL of a collector, in groups, from a thread of its own."""

    def __init__(self, url: str, service: str, role: str) -> None:
        resource = Resource.create({"service.namespace": "merchantcredit", "service.name": f"{service}-{role}"})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
        self._tracer = self._provider.get_tracer("merchantcredit")

    def call(self, method: str, parent: str, request_id: str) -> AbstractContextManager[object]:
        """See Tracer."""
        told = {"rpc.system.name": "grpc", "rpc.method": method, "merchantcredit.request_id": request_id}
        return self._span(method, SpanKind.SERVER, _context(parent), (), told)

    def ended(self, code: str, *, is_fault: bool) -> None:
        """See Tracer."""
        span = get_current_span()
        span.set_attribute("rpc.response.status_code", code)
        if is_fault:
            span.set_status(StatusCode.ERROR)

    @contextmanager
    def batch(self, group: str, causes: Iterable[str], count: int) -> Iterator[None]:
        """See Tracer."""
        distinct = dict.fromkeys(filter(None, causes))
        links = [link for cause in islice(distinct, MAX_LINKS) if (link := _link(cause))]
        told: dict[str, str | int] = {
            "messaging.operation.type": "process",
            "messaging.consumer.group.name": group,
            "messaging.batch.message_count": count,
            "merchantcredit.causes": len(distinct),
        }
        with self._span(f"process {group}", SpanKind.CONSUMER, Context(), links, told):
            try:
                yield
            except Exception as error:
                get_current_span().set_attribute("error.type", type(error).__name__)
                get_current_span().set_status(StatusCode.ERROR)
                raise

    def current(self) -> str:
        """See Tracer."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier.get("traceparent", "")

    def close(self) -> None:
        """Send what is left, as far as the collector takes it, and stop."""
        self._provider.shutdown()

    def _span(
        self, name: str, kind: SpanKind, context: Context, links: Sequence[Link], told: Mapping[str, str | int]
    ) -> AbstractContextManager[object]:
        # The library would put the error's text on the span.
        return self._tracer.start_as_current_span(
            name, context, kind, told, links, record_exception=False, set_status_on_exception=False
        )


def _context(parent: str) -> Context:
    """Return the context of a traceparent; one without a span for what is none."""
    return _W3C.extract({"traceparent": parent}, Context())


def _link(cause: str) -> Link | None:
    found = get_current_span(_context(cause)).get_span_context()
    return Link(found) if found.is_valid else None
