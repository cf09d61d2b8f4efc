"""What every engine indexes of a document: the same fields with the same tokens, made here, so that they find alike."""

from collections.abc import Mapping

from services.search.domain.document import Document
from services.search.domain.name_keys import name_keys

#: The beginnings of a code are tokens up to here; a longer beginning is looked for among the codes themselves.
LONGEST_CODE_PREFIX = 10
#: Fields that hold one token, and fields that hold many, joined by blanks.
SINGLE = ("code", "exact", "core", "grade")
MANY = ("code_prefix", "region", "grams", "starts", "sounds", "initials")
#: Fields whose frequencies are kept, because names that are only like the text are ranked by them.
RANKED = ("grams", "sounds")


def field_tokens(document: Document) -> Mapping[str, str]:
    """Return the text of each field; an engine splits those of MANY at the blanks and does nothing else to them."""
    keys = name_keys(document.name)
    return {
        "code": document.credit_code,
        "exact": keys.exact,
        "core": keys.core,
        "grade": document.grade,
        "code_prefix": _prefixes(document.credit_code, LONGEST_CODE_PREFIX),
        "region": _prefixes(document.region_code, len(document.region_code)),
        "grams": " ".join(keys.grams),
        "starts": " ".join(keys.starts),
        "sounds": " ".join(keys.sounds),
        "initials": " ".join(keys.initials),
    }


def _prefixes(text: str, longest: int) -> str:
    return " ".join(text[:length] for length in range(1, min(longest, len(text)) + 1))
