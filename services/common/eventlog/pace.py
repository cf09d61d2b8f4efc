"""The pace of who takes a stream in small batches: what a batch costs by itself is then shared by more records."""

from typing import NamedTuple

LONGEST_REST = 0.2


class Pace(NamedTuple):
    """How soon the next batch may begin after one that was not full; a record that comes alone waits for nothing.

    Attributes:
        seconds: from the beginning of one batch to that of the next, at least.
        rest: from the end of one to the beginning of the next, at least, as times of what the batch took. So who works on a
            slow or busy machine takes larger batches, which cost less, instead of all of the machine. It is LONGEST_REST at
            most: a batch that something held up is not followed by a second delay.
    """

    seconds: float = 0.0
    rest: float = 0.0

    def wait(self, *, since: float, took: float) -> float:
        """Return how many seconds to wait now, so long after a batch began that took so long."""
        return max(0.0, self.seconds - since, min(self.rest * took, LONGEST_REST))


NO_PACE = Pace()
