"""What each of the launcher's processes does: it ends with the launcher, says when it is ready, and stops on a signal."""

import os
import signal
from importlib import import_module
from multiprocessing.connection import Connection

from services.common.db.postmaster import die_with_parent, name_process
from services.common.logs import log_to_stderr
from services.common.stopping import SIGNALS
from services.launcher.state import State


def run_child(role: str, state: State, dsn: str, pipe: Connection) -> None:
    """Run one process of a role until SIGTERM, or until the launcher dies; it writes to a log of its own."""
    for signal_number in SIGNALS:
        signal.signal(signal_number, signal.SIG_DFL)  # until the role takes them; the launcher's handlers are not ours
    die_with_parent(signal.SIGTERM)
    state.leave_lock()
    os.setsid()  # Ctrl-C at the terminal is the launcher's, who stops all in order
    name_process(f"credit-{role}")
    log_fd = os.open(state.log_file(role), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)
    log_to_stderr()
    import_module(f"services.launcher.{role}").run(state, dsn, lambda: pipe.send(True))
