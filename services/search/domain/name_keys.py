"""The keys under which a name is found. They are made here, once, so that every engine indexes the same tokens."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from services.common.kernel.legal_form import bigrams, core_name
from services.common.kernel.normal_form import normal_form
from services.search.domain.pinyin import syllables

#: Raise it when another key comes out for any name: keys are kept, and those of another version are made anew.
KEYS_VERSION = 1
#: Beginnings of a name are kept up to here; a longer beginning is checked by its pairs as well.
LONGEST_START = 8
INITIALS_WINDOW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NameKeys:
    """Tokens of one name, none of which holds a blank.

    Attributes:
        exact: the name in normal form.
        core: the same without its legal form.
        grams: its characters and pairs of characters.
        starts: its beginnings, up to eight characters.
        sounds: its syllables and pairs of syllables.
        initials: windows of three first letters of its syllables, and the first two of all.
    """

    exact: str
    core: str
    grams: tuple[str, ...]
    starts: tuple[str, ...]
    sounds: tuple[str, ...]
    initials: tuple[str, ...]


@lru_cache(maxsize=4096)
def name_keys(name: str) -> NameKeys:
    """Return the keys of a name; the same name, read again at the next revision, costs a look-up."""
    exact = normal_form(name)
    units = syllables(exact)
    return NameKeys(
        exact=exact,
        core=core_name(exact),
        grams=tuple(dict.fromkeys((*exact, *bigrams(exact)))),
        starts=tuple(exact[:length] for length in range(1, min(LONGEST_START, len(exact)) + 1)),
        sounds=tuple(dict.fromkeys((*units, *sound_pairs(units)))),
        initials=initial_windows("".join(unit[0] for unit in units)),
    )


def sound_pairs(units: tuple[str, ...]) -> tuple[str, ...]:
    """Return the pairs of neighbouring syllables, written as gui'zhou; the one syllable when there is no other."""
    return tuple(f"{a}'{b}" for a, b in pairwise(units)) or units


def initial_windows(letters: str) -> tuple[str, ...]:
    """Return the windows of three letters, and the first two letters behind a mark that they begin the name."""
    windows = (letters[i : i + INITIALS_WINDOW] for i in range(len(letters) - INITIALS_WINDOW + 1))
    return (f"^{letters[:2]}", *dict.fromkeys(windows))
