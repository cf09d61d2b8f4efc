"""Lanes: copies that end when told, that take their process along when they die, and that die with it."""

import os
import select
import signal
import threading
from contextlib import suppress

import pytest

from services.common.errors import DependencyUnavailable
from services.common.lanes import fork_lanes


def test_copies_run_and_end_by_themselves() -> None:
    reader, writer = os.pipe()
    lanes = fork_lanes(2, lambda: os.write(writer, b"."))
    assert lanes.join() == [0, 0]
    assert os.read(reader, 9) == b".."


def test_a_copy_that_fails_says_so_by_its_code() -> None:
    def fail() -> None:
        raise ValueError("no")

    assert fork_lanes(1, fail).join() == [1]


def test_when_stopped_the_copies_are_stopped_and_waited_for() -> None:
    lanes = fork_lanes(2, signal.pause)
    stop = threading.Event()
    stop.set()
    lanes.run(stop)
    for pid in lanes.pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_copy_that_dies_ends_the_process_that_forked_it() -> None:
    lanes = fork_lanes(2, signal.pause)
    os.kill(lanes.pids[0], signal.SIGKILL)
    with pytest.raises(DependencyUnavailable, match="-9"):
        lanes.run(threading.Event())
    with pytest.raises(ProcessLookupError):
        os.kill(lanes.pids[1], 0)


def test_copies_die_with_the_process_that_forked_them() -> None:
    reader, writer = os.pipe()
    middle = os.fork()
    if middle == 0:
        lanes = fork_lanes(1, signal.pause)
        os.write(writer, str(lanes.pids[0]).encode())
        signal.pause()
    lane = int(os.read(reader, 20))
    lane_fd = os.pidfd_open(lane)
    os.kill(middle, signal.SIGKILL)
    os.waitpid(middle, 0)
    ended = threading.Thread(target=lambda: _await_end(lane_fd))
    ended.start()
    ended.join(10)
    assert not ended.is_alive()


def _await_end(pid_fd: int) -> None:
    with suppress(OSError):
        select.select([pid_fd], [], [])
