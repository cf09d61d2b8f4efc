"""How events arrive: a little late, some much later, some twice; so a file is in the order of arrival, not of time."""

import heapq
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

import numpy as np

from services.cli.generator import constants as c
from services.cli.generator.wording import SECONDS_A_DAY, Told


class Arrival(NamedTuple):
    """A line and when it arrives, with a number that keeps ties in the order of telling."""

    at: float
    number: int
    line: bytes


class Delivery:
    """Writes one stream to a file in the order of arrival; holds back only what arrives after the present month."""

    def __init__(self, out: BinaryIO, rng: np.random.Generator, duplicates: float) -> None:
        self._out = out
        self._rng = rng
        self._duplicates = duplicates
        self._waiting: list[Arrival] = []
        self._taken = 0
        self.written = 0

    def take(self, events: Iterable[Told]) -> None:
        """Take what sources tell; each event gets its delay, and some a second delivery."""
        chunk = list(events)
        arrivals = np.array([event.at for event in chunk]) + self._delays(len(chunk))
        repeats = arrivals + self._rng.exponential(c.REPEAT_MEAN_DAYS * SECONDS_A_DAY, len(chunk))
        repeated = self._rng.random(len(chunk)) < self._duplicates
        for event, at in zip(chunk, arrivals.tolist(), strict=True):
            self._queue(at, event)
        for position in np.nonzero(repeated)[0].tolist():
            self._queue(float(repeats[position]), chunk[position])

    def write_until(self, at: float) -> None:
        """Write what has arrived before a time in seconds."""
        while self._waiting and self._waiting[0].at < at:
            self._out.write(heapq.heappop(self._waiting).line)
            self.written += 1

    def _delays(self, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        late = self._rng.random(count) < c.LATE_SHARE
        mean = np.where(late, c.LATE_MEAN_DAYS * SECONDS_A_DAY, c.USUAL_DELAY_SECONDS)
        return self._rng.exponential(mean)

    def _queue(self, at: float, event: Told) -> None:
        heapq.heappush(self._waiting, Arrival(at, self._taken, event.line))
        self._taken += 1
