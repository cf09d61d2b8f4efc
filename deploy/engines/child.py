"""Becomes a server, optionally one that dies with its parent; takes the signal (0: none) and the command.

The death signal is set here, after the change of user namespace, because the kernel clears it when credentials change.
"""

import os
import signal
import sys

from services.common.db.postmaster import die_with_parent

if __name__ == "__main__":
    # A shell's background job ignores SIGINT, and a JVM or PostgreSQL that inherits that could not be interrupted.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if death_signal := int(sys.argv[1]):
        die_with_parent(death_signal)
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - the engines' own commands
