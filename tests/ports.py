"""Free ports for servers that tests start."""

import random
import socket

_given: set[int] = set()


def free_ports(count: int = 2) -> int:
    """Return the first of so many neighbouring free ports, below the ephemeral ones.

    A client that calls a dead server on an ephemeral port can get that port for its own end, and hold it. No port is
    given twice: whose server has not bound it yet would find it taken.
    """
    while True:
        first = random.randrange(20_000, 30_000)
        ports = range(first, first + count)
        if _given.isdisjoint(ports) and all(map(_is_free, ports)):
            _given.update(ports)
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
