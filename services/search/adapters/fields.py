"""What every engine indexes of a document: the same fields with the same tokens, made here, so that they find alike."""

from collections.abc import Mapping

from services.search.adapters.name_texts import Texts
from services.search.domain.document import Document

#: The beginnings of a code are tokens up to here; a longer beginning is looked for among the codes themselves.
LONGEST_CODE_PREFIX = 10
#: Fields that hold one token, and fields that hold many, joined by blanks.
SINGLE = ("code", "exact", "core", "grade")
MANY = ("code_prefix", "region", "grams", "starts", "sounds", "initials")
#: Fields whose frequencies are kept, because names that are only like the text are ranked by them.
RANKED = ("grams", "sounds")


def field_tokens(document: Document, name: Texts) -> Mapping[str, str]:
    """Return the text of each field; an engine splits those of MANY at the blanks and does nothing else to them."""
    return {
        "code": document.credit_code,
        "grade": document.grade,
        "code_prefix": _prefixes(document.credit_code, LONGEST_CODE_PREFIX),
        "region": _prefixes(document.region_code, len(document.region_code)),
        **name,
    }


def _prefixes(text: str, longest: int) -> str:
    return " ".join(text[:length] for length in range(1, min(longest, len(text)) + 1))
