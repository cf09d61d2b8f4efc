"""The waterfall: where the bar of each line begins and ends, so that one sees how amounts add up to the score."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from services.portal.grades import FULL_SCORE

_STEP = FULL_SCORE // 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its left edge and its width as SVG lengths, and the running total after it in millipoints."""

    x: str
    width: str
    total: int


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The bars of all lines in order, the bar of the sum, and the grid's lines as (SVG length, points)."""

    bars: list[Bar]
    total: Bar
    grid: list[tuple[str, int]]


def waterfall(amounts: Sequence[int]) -> Waterfall:
    """Return the bars of some amounts in millipoints; the axis spans 0 to 1000 points and whatever lies beyond."""
    totals = list(accumulate(amounts, initial=0))
    low, high = min(0, *totals), max(FULL_SCORE, *totals)

    def at(value: int) -> str:
        return f"{(value - low) / (high - low):.3%}"

    def bar(start: int, end: int) -> Bar:
        return Bar(at(min(start, end)), f"{abs(end - start) / (high - low):.3%}", end)

    bars = [bar(start, end) for start, end in pairwise(totals)]
    grid = [(at(value), value // 1000) for value in range(0, FULL_SCORE + 1, _STEP)]
    return Waterfall(bars, bar(0, totals[-1]), grid)
