"""Judges cases of a burst: the review is kept with the cases that it names, and each of them gets an account of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from services.common.auth.actor import Actor, Role
from services.common.clock import Clock
from services.common.errors import Forbidden, PreconditionFailed, invalid
from services.credit.domain.facts import Complaint
from services.credit.domain.judging import Judgement
from services.credit.domain.personal_data import found_in

MOST_CASES = 1000
MOST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A review as a fact: what was found of which cases of a month, by whom and why."""

    review_id: str
    code: str
    month: date
    judgement: Judgement
    reason: str
    fact_ids: tuple[str, ...]
    reviewed_by: str
    office: str
    reviewed_at: datetime


class Judging(Protocol):
    """What reviews need, inside one transaction."""

    def keep(self, review: Review) -> bool:
        """Keep a review; False when it was kept before. Raises RequestIdReused for another one with its id."""
        ...

    def cases(self, fact_ids: Sequence[str]) -> Mapping[str, Complaint]:
        """Return the cases on file among some fact ids."""
        ...

    def merchants(self, code: str) -> frozenset[str]:
        """Return the codes of those whose cases count for a merchant: its own, and of who was merged into it."""
        ...

    def is_under_review(self, code: str, month: date) -> bool:
        """Tell whether a month of a merchant is under review, or was reviewed before."""
        ...

    def judge(self, review: Review) -> None:
        """Apply the review's account of each case, and publish the record that follows."""
        ...


class ReviewBurst:
    """The use case behind ReviewBurst, in the caller's transaction."""

    def __init__(self, store: Judging, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def execute(self, actor: Actor, make: Callable[[datetime], Review]) -> Review:
        """Review; raises Forbidden, InvalidInput naming the case, PreconditionFailed, RequestIdReused."""
        require_regulator(actor)
        review = make(self._clock.now())
        _check(review)
        if not self._store.keep(review):
            return review
        if not self._store.is_under_review(review.code, review.month):
            raise PreconditionFailed(f"{review.code} has no burst in {review.month:%Y-%m}: there is nothing to review")
        self._check_cases(review)
        self._store.judge(review)
        return review

    def _check_cases(self, review: Review) -> None:
        known, merchants = self._store.cases(review.fact_ids), self._store.merchants(review.code)
        for i, fact_id in enumerate(review.fact_ids):
            body = known.get(fact_id)
            if body is None or body.code not in merchants or body.received_on.replace(day=1) != review.month:
                raise invalid(f"complaint_ids[{i}]", "name cases of this merchant that were received in this month")


def require_regulator(actor: Actor) -> None:
    """Raise Forbidden for who is no regulator."""
    if not actor.has(Role.REGULATOR):
        raise Forbidden("only a regulator judges cases and marks complainants")


def check_reason(reason: str) -> None:
    """Refuse an empty or long reason, and one that names a person."""
    if not 1 <= len(reason.strip()) <= MOST_REASON:
        raise invalid("reason", f"say why in 1 to {MOST_REASON} characters")
    if found := found_in(reason):
        raise invalid("reason", f"it holds {found}: name no person")


def _check(review: Review) -> None:
    if review.judgement not in {Judgement.GENUINE, Judgement.ABUSIVE}:
        raise invalid("judgement", "give GENUINE or ABUSIVE")
    if not 1 <= len(review.fact_ids) <= MOST_CASES or len(set(review.fact_ids)) != len(review.fact_ids):
        raise invalid("complaint_ids", f"name 1 to {MOST_CASES} cases, each once")
    check_reason(review.reason)
