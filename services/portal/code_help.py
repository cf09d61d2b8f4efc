"""What is wrong with a credit code that somebody typed, shown so that one can mend it."""

from dataclasses import dataclass

from services.common.kernel import credit_code
from services.portal import labels

_REGION = range(2, 8)
#: From this many characters on, a text of letters and digits is meant as a code and not as a name.
_MEANT_AS_CODE = 15
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class CodeHelp:
    """A wrong code: each character with whether it is the trouble, and the sentence that says what is wrong."""

    characters: list[tuple[str, bool]]
    sentence: str


def normal(text: str) -> str:
    """Return a code without outer blanks and in upper case."""
    return text.strip().upper()


def code_help(text: str, lang: str) -> CodeHelp | None:
    """Return the help for a wrong code; None when the code is right."""
    code = normal(text)
    defect = credit_code.defect(code)
    if defect is None:
        return None
    marks = [(character, _is_trouble(defect, i, character)) for i, character in enumerate(code[:_SHOWN])]
    return CodeHelp(marks, labels.defect(defect, code, lang))


def is_meant_as_code(text: str) -> bool:
    """Tell whether a text typed as a search is meant as a credit code."""
    return len(text) >= _MEANT_AS_CODE and text.isascii() and text.isalnum() and any(c.isdigit() for c in text)


def _is_trouble(defect: str, place: int, character: str) -> bool:
    match defect:
        case "LENGTH":
            return place >= credit_code.LENGTH
        case "ALPHABET":
            return character not in credit_code.ALPHABET
        case "REGION":
            return place in _REGION and not character.isdigit()
        case _:
            return place == credit_code.LENGTH - 1
