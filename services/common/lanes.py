"""Lanes: a process forks copies of itself that share its consumer groups, so that parsing is not bound to one core.

Fork before any thread is started or connection made. The copies share the memory of what was imported before.
"""

import os
import signal
import threading
from collections.abc import Callable, Sequence

import structlog

from services.common import garbage
from services.common.db.postmaster import die_with_parent
from services.common.errors import DependencyUnavailable

log = structlog.get_logger()


class Lanes:
    """The copies, as a loop of the process that forked them: when one dies, the process cannot go on."""

    name = "lanes"

    def __init__(self, pids: Sequence[int]) -> None:
        self.pids = pids

    def run(self, stop: threading.Event) -> None:
        """Watch until stopped, then stop the copies; raises DependencyUnavailable when one ended by itself."""
        left = set(self.pids)
        try:
            while not stop.wait(0.2):
                for pid in list(left):
                    ended, status = os.waitpid(pid, os.WNOHANG)
                    if ended:
                        left.remove(pid)
                        raise DependencyUnavailable(
                            f"a lane ended with {os.waitstatus_to_exitcode(status)}: see the log"
                        )
        finally:
            _stop(left)

    def join(self) -> list[int]:
        """Wait for the copies to end by themselves; return their exit codes."""
        return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in self.pids]


def fork_lanes(count: int, run: Callable[[], None]) -> Lanes:
    """Fork so many copies, each of which runs `run` and ends; they are told to stop when this process dies."""
    garbage.set_aside()
    return Lanes([_fork(run) for _ in range(count)])


def _fork(run: Callable[[], None]) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        die_with_parent(signal.SIGTERM)
        if os.getppid() == parent:
            run()
            code = 0
    except BaseException:
        log.exception("lane_failed")
    finally:
        os._exit(code)


def _stop(pids: set[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    for pid in pids:
        os.waitpid(pid, 0)
