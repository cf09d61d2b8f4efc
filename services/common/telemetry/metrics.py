"""Counts, present values and spreads of the metrics in names.py. Off until `use` is called: then each call is one test.

Nothing here imports the metrics library: the embedded profile, where it is off, does not pay for its memory.
"""

from typing import Protocol

from services.common.telemetry.names import Metric


class Sink(Protocol):
    """Where values go while metrics are on; each method may be called from any thread."""

    def add(self, metric: Metric, amount: float, labels: tuple[str, ...]) -> None:
        """Add to a counter."""
        ...

    def put(self, metric: Metric, value: float, labels: tuple[str, ...]) -> None:
        """Set a gauge."""
        ...

    def observe(self, metric: Metric, value: float, labels: tuple[str, ...]) -> None:
        """Note one value of a histogram."""
        ...


_sink: Sink | None = None


def use(sink: Sink | None) -> None:
    """Send values to a sink from now on; None turns metrics off."""
    global _sink  # noqa: PLW0603 - one process has one place for its metrics
    _sink = sink


def is_on() -> bool:
    """Tell whether anybody listens; ask before a value that costs something to find."""
    return _sink is not None


def add(metric: Metric, *labels: str, amount: float = 1) -> None:
    """Add to a counter."""
    if _sink is not None:
        _sink.add(metric, amount, labels)


def put(metric: Metric, value: float, *labels: str) -> None:
    """Set a gauge."""
    if _sink is not None:
        _sink.put(metric, value, labels)


def observe(metric: Metric, value: float, *labels: str) -> None:
    """Note one value of a histogram."""
    if _sink is not None:
        _sink.observe(metric, value, labels)
