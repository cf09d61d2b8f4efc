"""How many cases one complainant has against one merchant: what each weighs depends on the number, never on which came first.

The numbers are cut into bands, so that one case more moves the others from one cell to the next only at a band's border, and
from the last band on it moves none: a complainant with ten thousand cases costs a new event what one with a hundred costs.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

#: The least number of cases of each band; the last one has no end.
BANDS = (1, 2, 3, 4, 5, 9, 17, 65)
LAST = len(BANDS) - 1
#: From so many cases on one more changes nothing, so no more of them need be looked at.
ENOUGH = BANDS[-1]
#: Where the second class of a case's cell has what: two bits of response, three of band, one for a genuine case.
_BAND_SHIFT = 2
GENUINE = 1 << 5
RESPONSE_MASK = (1 << _BAND_SHIFT) - 1
_BAND_MASK = 7 << _BAND_SHIFT
_SECOND_SHIFT = 32


def band_of(cases: int) -> int:
    """Return the band of a number of cases, the first for none."""
    return max(bisect_right(BANDS, cases) - 1, 0)


def most_of(band: int) -> int:
    """Return the greatest number of cases of a band that ends."""
    return BANDS[band + 1] - 1


def banded(cell: int, band: int) -> int:
    """Return the key of a case's cell in a band."""
    return cell & ~(_BAND_MASK << _SECOND_SHIFT) | band << _SECOND_SHIFT + _BAND_SHIFT


def band_in(second: int) -> int:
    """Return the band that the second class of a cell says."""
    return (second & _BAND_MASK) >> _BAND_SHIFT


class Crowd:
    """The weighing cases of one complainant against one merchant, as the cells that each fills by itself.

    Not whole when there are more than were looked at: then there are enough, and no change of the moment leaves the last band.
    """

    __slots__ = ("cases", "is_whole")

    def __init__(self, cases: Iterable[tuple[str, int]] = (), *, is_whole: bool = True) -> None:
        self.cases = dict(cases)
        self.is_whole = is_whole

    def replace(self, fact_id: str, cell: int, sign: int) -> Mapping[int, int]:
        """Add a case (+1) or take it away (-1); return what that adds to each cell."""
        before = self.band()
        if sign > 0:
            others = list(self.cases.values())
            self.cases[fact_id] = cell
        else:
            self.cases.pop(fact_id, None)
            others = list(self.cases.values())
        after = self.band()
        moved = {banded(cell, after if sign > 0 else before): sign}
        _move(others, before, after, moved)
        return moved

    def band(self) -> int:
        """Return the band that all of them are in."""
        return band_of(len(self.cases)) if self.is_whole else LAST


def together(crowds: Sequence[Crowd]) -> dict[int, int]:
    """Return what counting one complainant's cases over several merchants adds to each cell, beside counting them by each.

    A crowd that is not whole is in the last band by itself: it moves none, and has all others in it.
    """
    is_whole = all(crowd.is_whole for crowd in crowds)
    band = band_of(sum(len(crowd.cases) for crowd in crowds)) if is_whole else LAST
    moved: dict[int, int] = {}
    for crowd in crowds:
        _move(crowd.cases.values(), crowd.band(), band, moved)
    return moved


def _move(cases: Iterable[int], before: int, after: int, moved: dict[int, int]) -> None:
    """Add to each cell what it takes to bring cases from one band to another."""
    if before != after:
        for case in cases:
            for key, by in ((banded(case, before), -1), (banded(case, after), +1)):
                moved[key] = moved.get(key, 0) + by
