"""Free ports for servers that tests start."""

import os
import random
import socket

#: Tests run in so many processes at most (`make test`).
MOST_PROCESSES = 4
#: Each has ports of its own: none knows what another gave.
WIDTH = 10_000 // MOST_PROCESSES
_given: set[int] = set()


def free_ports(count: int = 2) -> int:
    """Return the first of so many neighbouring free ports, below the ephemeral ones.

    A client that calls a dead server on an ephemeral port can get that port for its own end, and hold it. No port is
    given twice: whose server has not bound it yet would find it taken.
    """
    while True:
        first = 20_000 + WIDTH * _process() + random.randrange(WIDTH - count)
        ports = range(first, first + count)
        if _given.isdisjoint(ports) and all(map(_is_free, ports)):
            _given.update(ports)
            return first


def _process() -> int:
    """Return which of the processes that share a run this is, as pytest-xdist tells each and what it starts; 0 for one alone.

    More than MOST_PROCESSES share ports with one another, and may take each other's.
    """
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % MOST_PROCESSES


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
