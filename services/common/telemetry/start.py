"""Turns telemetry on for a process, as far as it is configured; what is off is not even imported."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.common.telemetry import traces


@contextmanager
def telemetry(address: str) -> Iterator[None]:
    """Show metrics and health on HOST:PORT while the block runs; with no address nothing is shown.

    Raises OSError when the address is taken. Call it after any fork: a fork has no threads.
    """
    if not address:
        yield
        return
    from services.common.telemetry.prometheus import TelemetryServer  # noqa: PLC0415 - only where it is on

    server = TelemetryServer(address)
    try:
        yield
    finally:
        server.close()


@contextmanager
def tracing(url: str, service: str, role: str) -> Iterator[None]:
    """Send spans by OTLP over HTTP to a collector's URL while the block runs; with no URL there are none.

    A collector that does not answer costs its spans and nothing else. Call it after any fork: a fork has no threads.
    """
    if not url:
        yield
        return
    from services.common.telemetry.otlp import OtlpTracer  # noqa: PLC0415 - only where it is on

    tracer = OtlpTracer(url, service, role)
    traces.use(tracer)
    try:
        yield
    finally:
        traces.use(None)
        tracer.close()
