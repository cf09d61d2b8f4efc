"""What a user typed, read once: a code, Chinese text, pinyin or initials. Engines only translate the result."""

from dataclasses import dataclass

from services.common.errors import FieldViolation, InvalidInput
from services.common.kernel.credit_code import ALPHABET, LENGTH, defect
from services.common.kernel.legal_form import bigrams, core_name, tells_nothing
from services.common.kernel.normal_form import is_han, normal_form
from services.search.domain.name_keys import initial_windows, sound_pairs
from services.search.domain.pinyin import splits, syllables

LONGEST = 100
SHORTEST_CODE = 2
#: How many pairs of a typed name must be in a name that is only like it, in percent.
LIKENESS_PERCENT = 60
#: A typed name of at least so many pairs may hold a slip; a shorter one that is found is right.
PAIRS_FOR_SLIPS = 4
FEW_HITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A typed text in all its readings; an empty reading does not apply. A whole code is nothing else.

    Attributes:
        text: the normal form.
        core: the normal form without a legal form.
        code: a credit code or its beginning, in upper case.
        pairs: the pairs of characters that a name holding the text must have.
        telling: the pairs by which a name that is only like the text is found.
        sounds: the pairs of syllables of Chinese text that a name must have to sound like it.
        spellings: readings as pinyin; each is a list of places, of whose tokens one must be in the name.
        initials: the windows of first letters that a name must have.
    """

    text: str = ""
    core: str = ""
    code: str = ""
    pairs: tuple[str, ...] = ()
    telling: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()
    spellings: tuple[tuple[tuple[str, ...], ...], ...] = ()
    initials: tuple[str, ...] = ()

    @property
    def is_whole_code(self) -> bool:
        """Tell whether the text names one enterprise: then there is nothing else to look for, however few are found."""
        return bool(self.code) and not self.text

    @property
    def enough(self) -> int:
        """Return from how many right hits on nobody looks for names that are only like the text."""
        if self.is_whole_code:
            return 0
        return FEW_HITS if len(self.telling) >= PAIRS_FOR_SLIPS else 1


def least_matches(tokens: int) -> int:
    """Return how many of so many tokens make a name like the text."""
    return max(1, tokens * LIKENESS_PERCENT // 100)


def parse_query(typed: str, *, field: str) -> Query:
    """Return the readings of a typed text.

    Raises InvalidInput naming the field when it is empty, too long, or has nothing that a name is made of.
    """
    text = normal_form(typed)
    if len(typed) > LONGEST or not text:
        fix = f"at most {LONGEST} characters" if text else "type part of a name, pinyin, initials or a credit code"
        raise InvalidInput(f"{field} cannot be searched", violations=(FieldViolation(field=field, description=fix),))
    code = _code(text)
    if defect(code) is None:
        return Query(code=code)
    letters = text if text.isascii() and text.isalpha() else ""
    return Query(
        text=text,
        core=core_name(text),
        code=code,
        pairs=bigrams(text),
        telling=_telling(bigrams(text)),
        sounds=sound_pairs(syllables(core_name(text))) if any(map(is_han, text)) else (),
        spellings=tuple(map(_tokens, splits(letters))) if letters else (),
        initials=_initials(letters),
    )


def _telling(pairs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the pairs without those of legal forms, unless fewer than two are left."""
    left = tuple(pair for pair in pairs if not tells_nothing(pair))
    return left if len(left) > 1 else pairs


def _code(text: str) -> str:
    """Return the text as a code or its beginning; a code has digits from its third character on at the latest."""
    code = text.upper()
    is_code = SHORTEST_CODE <= len(code) <= LENGTH and all(character in ALPHABET for character in code)
    return code if is_code and any(map(str.isdigit, code[:3])) else ""


def _tokens(way: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    """Return the tokens of each place: pairs of syllables, the last pair for each syllable that may end the text."""
    if len(way) == 1:
        return way
    firm = [place[0] for place in way[:-1]]
    return (*((pair,) for pair in sound_pairs(tuple(firm)) if len(firm) > 1), tuple(f"{firm[-1]}'{s}" for s in way[-1]))


def _initials(letters: str) -> tuple[str, ...]:
    if len(letters) <= 1:
        return ()
    begin, *windows = initial_windows(letters)
    return tuple(windows) or (begin,)
