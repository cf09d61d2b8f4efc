"""A process that is told to stop stops, whatever its main thread is at."""

import subprocess
import sys

#: The main thread holds the lock of the event for a moment whenever it begins or ends to wait, and a handler that sets the event too.
TOLD_WHILE_HOLDING = """
import signal
from services.common.stopping import SIGNALS, stop_on_signals
stop = stop_on_signals()
with stop._cond:
    for number in SIGNALS:
        signal.raise_signal(number)
assert stop.wait(10)
"""


def test_a_signal_that_comes_while_the_event_is_locked_is_heard() -> None:
    done = subprocess.run([sys.executable, "-c", TOLD_WHILE_HOLDING], timeout=20, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
