"""The merchant's answer to a case: a closed category, a statement for the public, and whether it came in time.

That the operator cooperates with mediation follows from Order 20 art. 18, that consumers see how it answers from
市场监督管理投诉信息公示暂行规则; that the statement names no person from 个人信息保护法 arts. 25 and 26.
"""

import re
from datetime import date
from enum import IntEnum
from typing import NamedTuple

from services.common.errors import FieldViolation, PersonalDataInClear, invalid
from services.common.kernel import credit_code
from services.credit.domain.cases import redaction

MAX_STATEMENT = 500
#: A tag, a comment or a declaration of markup; a bare sign of comparison is none.
_MARKUP = re.compile(r"<\s*[/!?]?\s*[A-Za-z-]")


class Category(IntEnum):
    """How a merchant answers; numbers as in the proto."""

    AGREE_REFUND = 1
    AGREE_REPLACE = 2
    AGREE_REPAIR = 3
    PARTIAL = 4
    REFUSE_WITH_REASON = 5
    NOT_MY_SHOP = 6
    ALREADY_SETTLED = 7


class Response(IntEnum):
    """Whether the merchant answered, as the score counts it; numbers as in the proto."""

    UNKNOWN = 0
    IN_TIME = 1
    LATE = 2
    NONE = 3


class Answer(NamedTuple):
    """One answer; `right_code` names the merchant whose shop it is when it is not this one's."""

    category: Category
    day: date
    statement: str = ""
    right_code: str = ""


def check(answer: Answer, own_code: str) -> None:
    """Refuse an answer that breaks the rules of answers.

    Raises InvalidInput for a statement that is too long or holds markup, or a refusal without one; for NOT_MY_SHOP without
    the code of another merchant, or such a code with another category; PersonalDataInClear when the statement names a
    person. The fields are named as in the protos.
    """
    _check_statement(answer.statement)
    if answer.category is Category.REFUSE_WITH_REASON and not answer.statement.strip():
        raise invalid("public_statement", "a refusal tells its reason: give it as the public shall read it")
    _check_right_code(answer, own_code)


def _check_statement(statement: str) -> None:
    if len(statement) > MAX_STATEMENT:
        raise invalid("public_statement", f"{len(statement)} characters: give at most {MAX_STATEMENT}")
    if _MARKUP.search(statement):
        raise invalid("public_statement", "it holds markup: give plain text")
    found = redaction.kinds_in(statement)
    if found:
        description = f"it holds {', '.join(sorted(found))}: the public reads it, name no person and no contact"
        violation = FieldViolation(field="public_statement", description=description)
        raise PersonalDataInClear(f"public_statement: {description}", violations=(violation,))


def _check_right_code(answer: Answer, own_code: str) -> None:
    if answer.category is not Category.NOT_MY_SHOP:
        if answer.right_code:
            raise invalid("right_credit_code", "only NOT_MY_SHOP names another merchant: leave it empty")
        return
    if credit_code.parse(answer.right_code, field="right_credit_code") == own_code:
        raise invalid("right_credit_code", "this is the merchant's own code: give that of the shop's operator")
