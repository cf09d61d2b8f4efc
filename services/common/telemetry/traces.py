"""Spans of what a process does, and their context on what it writes. Off until `use` is called: then nothing is done.

One call is one span. A batch has thousands of causes, so its span begins a trace of its own and links to those of its
events; what is written within carries its context on. Thus the way of an event can be followed from its intake to the
index, and no span is made for an event. Nothing here imports the tracing library.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

#: The CloudEvents attribute of a message that names the span it was written in (distributed tracing extension 1.0).
HEADER = "ce_traceparent"
#: How others name a span: a caller in its metadata, instrumented producers of Kafka in a header (W3C Trace Context).
W3C = "traceparent"

_NOTHING = nullcontext()


class Tracer(Protocol):
    """Where spans go while traces are on; each method may be called from any thread."""

    def call(self, method: str, parent: str, request_id: str) -> AbstractContextManager[object]:
        """Span a call that is served, under the caller's span."""
        ...

    def ended(self, code: str, *, is_fault: bool) -> None:
        """Note the status with which the present call ends, and whether it is ours or an engine's fault."""
        ...

    def batch(self, group: str, causes: Iterable[str], count: int) -> AbstractContextManager[object]:
        """Span a batch of so many messages, linked to what they were written in."""
        ...

    def current(self) -> str:
        """Return the traceparent of the span that this is within; empty outside of one."""
        ...


_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """Send spans to a tracer from now on; None turns traces off."""
    global _tracer  # noqa: PLW0603 - one process has one place for its traces
    _tracer = tracer


def is_on() -> bool:
    """Tell whether spans go anywhere."""
    return _tracer is not None


def call(method: str, parent: str, request_id: str) -> AbstractContextManager[object]:
    """Span a call that is served, under the caller's span."""
    return _NOTHING if _tracer is None else _tracer.call(method, parent, request_id)


def ended(code: str, *, is_fault: bool) -> None:
    """Note the status with which the present call ends, and whether it is ours or an engine's fault."""
    if _tracer is not None:
        _tracer.ended(code, is_fault=is_fault)


def batch(group: str, headers: Iterable[Mapping[str, str]], count: int) -> AbstractContextManager[object]:
    """Span a batch of so many messages with these headers; they are looked at only while traces are on."""
    return _NOTHING if _tracer is None else _tracer.batch(group, map(_cause, headers), count)


def stamp() -> dict[str, str]:
    """Return the header that names the present span, for what is written now; nothing outside of one."""
    found = "" if _tracer is None else _tracer.current()
    return {HEADER: found} if found else {}


def _cause(headers: Mapping[str, str]) -> str:
    return headers.get(HEADER) or headers.get(W3C, "")
