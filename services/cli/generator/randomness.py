"""Random numbers by purpose: each stream and month has a generator of its own, so that one cannot shift another."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Stream(IntEnum):
    """What random numbers are drawn for."""

    MERCHANTS = 1
    BURSTS = 2
    VOLUMES = 3
    CASES = 4
    PENALTIES = 5
    DELIVERY = 6
    PILOT = 7
    FIRMS = 8
    REPORTING = 9


def generator(seed: int, stream: Stream, part: int = 0) -> np.random.Generator:
    """Return the generator of a stream's part, such as a month; the same for the same arguments on every machine."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, stream, part])))


def choose(rng: np.random.Generator, shares: tuple[float, ...], count: int) -> Ints:
    """Draw positions in `shares` with those probabilities; cheaper than Generator.choice for many draws."""
    return np.searchsorted(np.cumsum(shares)[:-1], rng.random(count), side="right").astype(np.int64)
