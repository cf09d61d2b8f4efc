"""Pinyin both ways: the syllables of Chinese text, and the syllables that typed letters may stand for.

pypinyin reads 10,000 names a second; here each character is looked up once, and only phrases whose reading differs
from that of their characters (重庆, 银行, 厦门) are looked for, which is some twenty times as fast.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice

from pypinyin import lazy_pinyin
from pypinyin.phrases_dict import phrases_dict
from pypinyin.pinyin_dict import pinyin_dict

from services.common.kernel.normal_form import is_han

LONGEST_PHRASE = 4
LONGEST_SYLLABLE = 6
MOST_SPLITS = 8


def syllables(text: str) -> tuple[str, ...]:
    """Return one unit a character: its syllable without tone, or the character itself when it is not Chinese."""
    units: list[str] = []
    while len(units) < len(text):
        units += _phrase_at(text, len(units)) or (_reading(text[len(units)]),)
    return tuple(units)


def _phrase_at(text: str, start: int) -> tuple[str, ...] | None:
    phrases = _phrases().get(text[start])
    if phrases is None:
        return None
    candidates = (text[start : start + length] for length in range(LONGEST_PHRASE, 1, -1))
    return next((phrases[phrase] for phrase in candidates if phrase in phrases), None)


@lru_cache(maxsize=4096)
def splits(letters: str) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """Return the ways to read letters as syllables, those of fewer syllables first, at most eight.

    Each way is a list of places; a place holds the syllables that may stand there: one, and at the end all that the
    last letters may become as the typing goes on. Empty when the letters are no pinyin.
    """
    typed = letters.replace("lue", "lve").replace("nue", "nve")  # keyboards write ue for what pypinyin writes ve
    ways = sorted(islice(_split(typed), MOST_SPLITS), key=len)
    finished = [way for way in ways if "".join(place[0] for place in way) == typed]
    return tuple(finished or ways)


def _split(letters: str) -> Iterator[tuple[tuple[str, ...], ...]]:
    if longer := tuple(sorted(syllable for syllable in _known() if syllable.startswith(letters))):
        yield (longer,)
    for length in range(min(LONGEST_SYLLABLE, len(letters) - 1), 0, -1):
        if letters[:length] in _known():
            yield from (((letters[:length],), *rest) for rest in _split(letters[length:]))


@lru_cache(maxsize=4096)
def _reading(character: str) -> str:
    return str(lazy_pinyin(character)[0]) if is_han(character) else character


@cache
def _known() -> frozenset[str]:
    """Return the syllables; interjections such as hm and yo would split everything."""
    every = {_plain(reading) for readings in pinyin_dict.values() for reading in readings.split(",")}
    return frozenset(s for s in every if s != "yo" and any(vowel in s for vowel in "aeiouv"))


@cache
def _phrases() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return, by first character, the phrases that are not read as their characters are, and longer ones around them."""
    short = {
        phrase: tuple(_plain(reading[0]) for reading in readings)
        for phrase, readings in phrases_dict.items()
        if len(phrase) <= LONGEST_PHRASE
    }
    different = {phrase for phrase, units in short.items() if units != tuple(map(_reading, phrase))}
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for phrase, units in short.items():
        if not different.isdisjoint(_parts(phrase)):
            found.setdefault(phrase[0], {})[phrase] = units
    return found


def _parts(phrase: str) -> Iterator[str]:
    return (phrase[i:j] for i in range(len(phrase)) for j in range(i + 2, len(phrase) + 1))


def _plain(reading: str) -> str:
    """Return a reading without its tone mark; ü is written v."""
    letters = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
