"""How a process hears that it is to stop."""

import _thread
import signal
import threading

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def stop_on_signals(stop: threading.Event | None = None) -> threading.Event:
    """Set an event, a new one or one that is given, when the process is told to stop, however often it is told.

    A handler runs within whatever the main thread is at, also within the waiting for this event or within another handler that
    sets it, either of which may hold the event's lock: set there, it would wait for itself. A thread waits for others.
    """
    told = stop or threading.Event()
    for signal_number in SIGNALS:
        signal.signal(signal_number, lambda *_: _thread.start_new_thread(told.set, ()))
    return told
