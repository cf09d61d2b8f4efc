"""Until when a fact may be shown: the one rule that every read keeps, whoever asks.

An ended fact is on no read path from its day on (NDRC Order 36 art. on automatic stop; Administrative Penalty Law art. 48
for a decision that was changed or revoked); the past has its own audit read.
"""

from datetime import date

from services.common.kernel.day import first_of_month, month_index
from services.credit.domain.facts import Complaint, Fact, Penalty
from services.credit.domain.listed import Listed
from services.credit.domain.publicity import window_end


def is_shown(fact: Fact, day: date, case_months: int) -> bool:
    """Tell whether a fact may be shown on a day; a case weighs, and is shown, for `case_months` months."""
    match fact.body:
        case Complaint() as body:
            return day < case_end(body.received_on, case_months)
        case Penalty() as body:
            return not body.revoked and day < window_end(body.severity_class, body.decided_on)
        case Listed() as body:
            return body.stands and (body.until is None or day < body.until)
        case _:
            return True


def case_end(received_on: date, case_months: int) -> date:
    """Return the first day on which a case no longer weighs."""
    return first_of_month(month_index(received_on) + case_months)
