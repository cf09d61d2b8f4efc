"""Credit facts: what sources told us of a case, a penalty, a volume or a registration, and the value that stands of it.

A fact is known by its natural key. What we were told of it is kept as assertions, of which its value follows (folding.py).
"""

from datetime import date, datetime
from enum import IntEnum
from typing import NamedTuple

from services.credit.domain.cases.answers import Answer
from services.credit.domain.cases.case import Case
from services.credit.domain.judging import Judgement, Mark
from services.credit.domain.listed import Listed
from services.credit.domain.publicity import Severity, is_published, severity_of


class FactKind(IntEnum):
    """The kinds of facts in the ledger."""

    REGISTRATION = 1
    COMPLAINT = 2
    PENALTY = 3
    VOLUME = 4
    LISTING = 5
    #: What a split carries to the new enterprise (carrying.py): the kind that it is, and CARRIED.
    CARRIED_COMPLAINT = 12
    CARRIED_PENALTY = 13
    CARRIED_VOLUME = 14


#: What a carried fact's kind has more than the kind that it is.
CARRIED = 10


class ComplaintStatus(IntEnum):
    """What a case counts as, by where it stands (cases/outcome.py); the first six states of a case."""

    RECEIVED = 1
    ACCEPTED = 2
    REFUSED = 3
    AGREED = 4
    TERMINATED = 5
    WITHDRAWN = 6


#: Only accepted complaints weigh, by outcome (domain.md section 5).
WEIGHING = frozenset({ComplaintStatus.ACCEPTED, ComplaintStatus.AGREED, ComplaintStatus.TERMINATED})


class OperatingStatus(IntEnum):
    """Operating status as GSXT words it."""

    UNKNOWN = 0
    OPERATING = 1
    MOVED_OUT = 2
    DEREGISTERED = 3
    LICENCE_REVOKED = 4
    ANNULLED = 5
    CLOSED = 6
    DORMANT = 7


class Registration(NamedTuple):
    """The registration facts that credit keeps, at one revision of the registry."""

    code: str
    name: str
    enterprise_type: str
    region_code: str
    address: str
    business_scope: str
    established_on: date | None
    status: int
    status_since: date | None
    revision: int
    merged_into: str = ""
    merged_on: date | None = None
    split_from: str = ""
    split_on: date | None = None


class Complaint(NamedTuple):
    """A source's account of one complaint case; the complainant only as an HMAC.

    An account may tell a step, an answer, an extension, or several; status 0 tells no step. Of a fact, `status` is what the
    folded case counts as and `response` how the merchant answered it. `judgement` is what the review `review_id` found of the
    case, `mark` how its complainant is marked (judging.py); only credit itself tells of these.
    """

    code: str
    case_id: str
    kind: int
    status: int
    received_on: date
    status_on: date
    response: int
    problem_type: int
    platform_code: str = ""
    case_source: str = ""
    office: str = ""
    reason: str = ""
    target: str = ""
    answer: Answer | None = None
    extended_on: date | None = None
    complainant: str = ""
    judgement: int = 0
    mark: int = 0
    review_id: str = ""

    @property
    def is_genuine(self) -> bool:
        """Tell whether a review found that the case is what it says, so that no burst holds it back."""
        return self.judgement == Judgement.GENUINE

    @property
    def is_abusive(self) -> bool:
        """Tell whether the case weighs nothing by a review, or by its complainant's mark unless a review found it genuine."""
        marked = self.mark in {Mark.REPEAT, Mark.FRAUD}
        return self.judgement == Judgement.ABUSIVE or (marked and not self.is_genuine)


class DecisionState(IntEnum):
    """Whether a decision stands; 0 is not told."""

    IN_FORCE = 1
    REVOKED = 2
    REPAIRED = 3


class Penalty(NamedTuple):
    """A source's account of one penalty decision; money in fen, None when the account tells none."""

    code: str
    document_number: str
    kind: int
    severity: int
    fine_fen: int | None
    confiscated_fen: int | None
    decided_on: date
    conduct_type: str
    authority_name: str
    legal_basis: str
    state: int = 0

    @property
    def revoked(self) -> bool:
        """Tell whether it is off every read path, by revocation or change (Administrative Penalty Law art. 48) or by repair."""
        return self.state in _ENDED

    @property
    def money_fen(self) -> int:
        """Return what was fined and confiscated together."""
        return (self.fine_fen or 0) + (self.confiscated_fen or 0)

    @property
    def severity_class(self) -> Severity:
        """Return the class that was given, else the one that kind and money imply."""
        return severity_of(self.severity, self.kind, self.money_fen)

    @property
    def is_published(self) -> bool:
        """Tell whether the law publishes it; what it does not publish weighs nothing, and only offices and the merchant see it."""
        return is_published(self.kind, self.money_fen, self.decided_on)


class Volume(NamedTuple):
    """Orders of one merchant on one platform in one month (its first day)."""

    code: str
    platform_code: str
    month: date
    orders: int


Body = Registration | Complaint | Penalty | Volume | Listed


class Assertion(NamedTuple):
    """One account of a fact: who told it, with what authority, when, and what."""

    fact_id: str
    authority: int
    source_time: datetime
    event_id: str
    held: bool
    body: Body


class Fact(NamedTuple):
    """The effective value of a fact; `version` is how many accounts it rests on, `case` the life of a complaint."""

    fact_id: str
    version: int
    held: bool
    body: Body
    case: Case | None = None

    @property
    def occurred_on(self) -> date:
        """Return the day of the fact."""
        return occurred_on(self.body)


def fact_id(body: Body, source: str) -> str:
    """Return the natural key: a case is its source's, a penalty is its document's whoever tells it."""
    match body:
        case Registration():
            return f"registration:{body.code}"
        case Complaint():
            return f"complaint:{body.case_source or source}:{body.case_id}"
        case Penalty():
            return f"penalty:{body.code}:{body.document_number}"
        case Volume():
            return f"volume:{body.code}:{body.platform_code}:{body.month:%Y-%m}"
        case Listed():
            return f"listing:{body.listing_id}"


def kind_of(body: Body) -> FactKind:
    """Return the kind of fact that a body tells of."""
    return _KINDS[type(body)]


def occurred_on(body: Body) -> date:
    """Return the day of what a body tells of."""
    match body:
        case Registration():
            return body.established_on or date.min
        case Complaint():
            return body.received_on
        case Penalty():
            return body.decided_on
        case Volume():
            return body.month
        case Listed():
            return body.since


_ENDED = frozenset({DecisionState.REVOKED, DecisionState.REPAIRED})
_KINDS: dict[type, FactKind] = {
    Registration: FactKind.REGISTRATION,
    Complaint: FactKind.COMPLAINT,
    Penalty: FactKind.PENALTY,
    Volume: FactKind.VOLUME,
    Listed: FactKind.LISTING,
}
