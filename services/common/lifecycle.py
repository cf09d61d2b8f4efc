"""How long-running parts start and stop: loops in threads, stopped by one event, and a failure of one stops all."""

import threading
from collections.abc import Sequence
from typing import Protocol

import structlog

from services.common.errors import PlatformError
from services.common.logs import told
from services.common.telemetry import metrics, names

log = structlog.get_logger()


class Loop(Protocol):
    """A part that runs until it is told to stop."""

    @property
    def name(self) -> str:
        """Return the loop's name, for the log."""
        ...

    def run(self, stop: threading.Event) -> None:
        """Run until `stop` is set; raise when it cannot go on."""
        ...


def run_loops(loops: Sequence[Loop], stop: threading.Event) -> None:
    """Run loops in threads until stopped; when one fails, stop the others and raise what it raised."""
    failures: list[BaseException] = []

    def guarded(loop: Loop) -> None:
        try:
            loop.run(stop)
        except BaseException as error:  # noqa: BLE001 - handed to the caller below
            log.error("loop_failed", loop=loop.name, error=told(error))  # noqa: TRY400 - raised below with its trace
            reason = error.reason if isinstance(error, PlatformError) else type(error).__name__
            metrics.add(names.ERRORS, loop.name, reason)
            failures.append(error)
        finally:
            stop.set()

    threads = [threading.Thread(target=guarded, args=(loop,), name=loop.name) for loop in loops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
