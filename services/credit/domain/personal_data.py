"""Finds personal data in texts that only codes may stand in: numbers of phones and identity cards."""

import re
from functools import lru_cache

_PATTERNS = {
    "a mobile number": re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"),
    "an identity card number": re.compile(r"(?<![0-9A-Z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])[0-3]\d{4}[0-9Xx](?![0-9A-Z])"),
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.\w+"),
}  # fmt: skip
#: How long a mobile number and an identity card number are.
_LENGTHS = frozenset({11, 18})
_PSEUDONYM = re.compile(r"[A-Za-z0-9._:/+=-]{0,64}")


@lru_cache(maxsize=1 << 14)
def found_in(text: str) -> str | None:
    """Name the personal data that a text holds; None when none is found."""
    return next((name for name, pattern in _PATTERNS.items() if pattern.search(text)), None)


def is_number_of_a_person(text: str) -> bool:
    """Tell whether a text is a mobile number or an identity card's and nothing else; one within longer codes is chance."""
    return len(text) in _LENGTHS and any(pattern.fullmatch(text) for pattern in _PATTERNS.values())


def is_pseudonym(text: str) -> bool:
    """Tell whether a text is a code: ASCII letters, digits and a few marks, and no number of a person."""
    return not text or (_PSEUDONYM.fullmatch(text) is not None and found_in(text) is None)
