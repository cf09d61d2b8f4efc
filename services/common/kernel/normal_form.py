"""The normal form of a name: what two spellings of the same name have in common.

Width, case, traditional characters, brackets, blanks and punctuation are no part of it: 貴州（貴陽）ABC 公司 and
贵州(贵阳)abc公司 are one name.
"""

import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import opencc


class _Simplified(dict[int, str]):
    """A table for str.translate that asks OpenCC once for each character."""

    def __missing__(self, codepoint: int) -> str:
        found = _converter()(chr(codepoint))
        self[codepoint] = found
        return found


@cache
def _converter() -> Callable[[str], str]:
    converter: Any = opencc.OpenCC("t2s")  # type: ignore[attr-defined, no-untyped-call]  # the package has no types
    convert: Callable[[str], str] = converter.convert
    return convert


_SIMPLIFIED = _Simplified()


@lru_cache(maxsize=4096)
def normal_form(text: str) -> str:
    """Return the letters, digits and Chinese characters of a text in half width, simplified and in lower case."""
    folded = unicodedata.normalize("NFKC", text).lower().translate(_SIMPLIFIED)
    return "".join(character for character in folded if character.isalnum())


def is_han(character: str) -> bool:
    """Tell whether a character is Chinese."""
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff" or character == "〇"
