"""Keeps the memory of small processes small: what idle threads and freed blocks would hold is not held."""

import ctypes
import os

#: mallopt(3) of glibc: how many arenas there may be, and from how much free memory at the top it is given back.
_M_ARENA_MAX, _M_TRIM_THRESHOLD = -8, -1
_ARENAS, _TRIM_BYTES = 2, 128 * 1024


def keep_lean() -> None:
    """Set the limits for this process and its forks; call it before numpy is imported. Without glibc nothing is set."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_ARENA_MAX, _ARENAS)
        libc.mallopt(_M_TRIM_THRESHOLD, _TRIM_BYTES)


def give_back() -> None:
    """Give the freed memory of this process back to the system, before it forks."""
    if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
