"""How many cases one complainant has against one merchant: what each weighs depends on the number, never on which came first.

The numbers are cut into bands, so that one case more moves the others from one cell to the next only at a band's border, and
from the last band on it moves none: a complainant with ten thousand cases costs a new event what one with a hundred costs.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping

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

    __slots__ = ("_cases", "_is_whole")

    def __init__(self, cases: Iterable[tuple[str, int]] = (), *, is_whole: bool = True) -> None:
        self._cases = dict(cases)
        self._is_whole = is_whole

    def replace(self, fact_id: str, cell: int, sign: int) -> Mapping[int, int]:
        """Add a case (+1) or take it away (-1); return what that adds to each cell."""
        before = self._band()
        if sign > 0:
            others = list(self._cases.values())
            self._cases[fact_id] = cell
        else:
            self._cases.pop(fact_id, None)
            others = list(self._cases.values())
        after = self._band()
        moved = {banded(cell, after if sign > 0 else before): sign}
        if before != after:
            for other in others:
                for key, by in ((banded(other, before), -1), (banded(other, after), +1)):
                    moved[key] = moved.get(key, 0) + by
        return moved

    def _band(self) -> int:
        return band_of(len(self._cases)) if self._is_whole else LAST
