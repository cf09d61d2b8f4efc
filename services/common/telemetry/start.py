"""Turns telemetry on for a process, if it is configured; what is off is not even imported."""

from collections.abc import Iterator
from contextlib import contextmanager


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
