"""What the use cases of joint punishment need of the world."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from services.credit.domain.facts import Fact, Penalty
from services.credit.domain.listed import Listed
from services.credit.domain.punishment.directive import Feedback, Standing
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.order import Instruction, Order
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import EndReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """What ends orders: why, when, by whom, in what office, on what paper."""

    reason: EndReason
    at: datetime
    step: Step
    due_on: date


class PunishmentStore(Protocol):
    """Listings and orders inside one transaction; locks are taken in the order enterprise, listing, orders, each sorted."""

    def region(self, code: str) -> str:
        """Lock an enterprise and return the code of its region; raises NotFound when nothing was ever told of it."""
        ...

    def goes_on_as(self, code: str) -> str:
        """Return the enterprise that one was merged into, itself when it was not; `region` or `listing` has locked it."""
        ...

    def facts(self, code: str, fact_ids: Sequence[str]) -> Mapping[str, Fact]:
        """Return those facts of an enterprise and of those merged into it that exist, by id."""
        ...

    def penalties(self, code: str, since: date) -> Mapping[str, Penalty]:
        """Return the penalties of an enterprise and of those merged into it that were decided since a day, by fact."""
        ...

    def listing(self, listing_id: str) -> Listing:
        """Lock a listing and its enterprise and return it; raises NotFound."""
        ...

    def add(self, listing: Listing, at: datetime) -> None:
        """Write a new listing with its first step; raises AlreadyExists."""
        ...

    def save(self, listing: Listing, steps: Sequence[Step], at: datetime) -> None:
        """Write where a listing stands, and append the steps that were taken."""
        ...

    def orders(self, listing_id: str) -> Sequence[Order]:
        """Lock and return the orders of a listing."""
        ...

    def issue(self, orders: Sequence[Order]) -> None:
        """Write new orders."""
        ...

    def lift(self, orders: Sequence[Order], lift: Lift) -> None:
        """Note that orders are to be lifted."""
        ...

    def tell(self, instructions: Iterable[Instruction], at: datetime) -> None:
        """Put instructions on the way to their departments' sequences."""
        ...

    def tell_record(self, listed: Listed, at: datetime) -> None:
        """Put where a published listing stands on the enterprise's record, and rate it anew."""
        ...

    def renew_check(self, code: str) -> None:
        """Renew what the check of an enterprise reads."""
        ...


class FeedbackStore(Protocol):
    """Orders and what departments told of them, inside one transaction."""

    def addressed(self, department: str, number: int) -> Order:
        """Lock and return the order that a number of a department's sequence is about; raises NotFound."""
        ...

    def told(self, directive_id: str) -> Sequence[Feedback]:
        """Return all that was told of an order."""
        ...

    def note(self, department: str, order: Order, feedback: Feedback, *, actor: str, at: datetime) -> bool:
        """Append an answer; False when it came before. Raises RequestIdReused when it came with another body."""
        ...

    def stand(self, order: Order, standing: Standing, due_on: date | None) -> None:
        """Write where an order stands."""
        ...
