"""Whether the parts of a process work: each says so at every round, and who falls silent is found.

Live: no part that had begun has been silent for five minutes (longer than the slowest batch). Ready: every part of this
process has begun and was heard of within thirty seconds.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from services.common.telemetry import metrics, names

READY_SECONDS = 30.0
LIVE_SECONDS = 300.0
#: How often a server says that its loop turns.
BEAT_SECONDS = 2.0

_beats: dict[str, float] = {}
_guard = threading.Lock()


def expect(part: str) -> None:
    """Say that this process is not ready before a part beats; a part that is expected again begins anew."""
    with _guard:
        _beats[part] = 0.0


def beat(part: str) -> None:
    """Say that a part has done a round."""
    with _guard:
        _beats[part] = time.monotonic()
    metrics.put(names.LOOP_BEAT, time.time(), part)


def forget(part: str) -> None:
    """Say that a part has ended; nobody waits for it any more."""
    with _guard:
        _beats.pop(part, None)


@contextmanager
def awaited(part: str) -> Iterator[None]:
    """Expect a part while the block runs, and forget it after."""
    expect(part)
    try:
        yield
    finally:
        forget(part)


async def beat_until(stop: asyncio.Event, part: str) -> None:
    """Wait for `stop`, and beat from the loop that serves, so that a loop that is stuck falls silent."""
    with awaited(part):
        while not stop.is_set():
            beat(part)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), BEAT_SECONDS)


def not_live(now: float | None = None) -> list[str]:
    """Return the parts that began and fell silent."""
    return _silent(LIVE_SECONDS, now, begun_only=True)


def not_ready(now: float | None = None) -> list[str]:
    """Return the parts that have not begun, or were not heard of lately; a process without parts is not ready."""
    with _guard:
        nobody = not _beats
    return ["no part has begun"] if nobody else _silent(READY_SECONDS, now, begun_only=False)


def _silent(seconds: float, now: float | None, *, begun_only: bool) -> list[str]:
    moment = time.monotonic() if now is None else now
    with _guard:
        return sorted(p for p, at in _beats.items() if moment - at > seconds and not (begun_only and at == 0.0))
