"""Becomes a PostgreSQL server that stops when its parent dies; takes the binary and its arguments.

The death signal is set here, after the change of user namespace, because the kernel clears it when credentials change.
SIGINT asks PostgreSQL for a fast, clean shutdown.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15


def die_with_parent(signal_number: int) -> None:
    """Ask the kernel to send this process a signal when its parent dies (Linux prctl(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal_number) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")


def name_process(name: str) -> None:
    """Give this process a name of at most 15 bytes, as `ps` and `top` show it: forks of one program are told apart by it."""
    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode(), 0, 0, 0)


if __name__ == "__main__":
    die_with_parent(signal.SIGINT)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - the caller gives an absolute path
