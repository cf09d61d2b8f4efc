"""A case that ended for fraud marks its complainant: the finding reaches every merchant whom they complained about."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.common.clock import Clock
from services.credit.application.mark_complainant import Marking, Marks
from services.credit.domain.judging import Mark

SPREAD_AT_ONCE = 50
#: Who marks when a case's own end does.
CREDIT = "credit"


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudCase:
    """A case that ended for fraud, or no longer does; `revision` counts the changes, `mark_id` is the mark that it made."""

    fact_id: str
    complainant: str
    stands: bool
    revision: int
    mark_id: str


class FraudMarks(Marks, Protocol):
    """What the spread needs, inside one transaction, while no case is applied."""

    def unspread(self, limit: int) -> Sequence[FraudCase]:
        """Hold all who apply cases off, and return cases whose end has not been spread yet."""
        ...

    def standing(self, complainant: str) -> str:
        """Return the id of the mark that stands against a complainant; empty for none."""
        ...

    def spread(self, case: FraudCase, mark_id: str) -> None:
        """Note that a case's end is spread, by which mark; empty when it made none."""
        ...


class SpreadFraud:
    """The use case behind the sweeper's look at cases that ended for fraud, in the caller's transaction."""

    def __init__(self, store: FraudMarks, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def execute(self) -> int:
        """Mark the complainants of cases that ended for fraud, and take back a mark whose case no longer did; return how many.

        A mark that a person made stands as it is.
        """
        cases = self._store.unspread(SPREAD_AT_ONCE)
        for case in cases:
            standing = self._store.standing(case.complainant)
            if case.stands and not standing:
                self._store.spread(case, self._mark(case, Mark.FRAUD))
            elif not case.stands and standing and standing == case.mark_id:
                self._mark(case, Mark.LIFTED)
                self._store.spread(case, "")
            else:
                self._store.spread(case, case.mark_id)
        return len(cases)

    def _mark(self, case: FraudCase, mark: Mark) -> str:
        mark_id = hashlib.sha256(f"{case.fact_id}\n{case.revision}".encode()).hexdigest()[:32]
        marking = Marking(
            review_id=mark_id, fact_id=case.fact_id, mark=mark, reason=f"骗取赔偿终止调解：{case.fact_id}"[:500],
            marked_by=CREDIT, office=CREDIT, marked_at=self._clock.now(),
        )  # fmt: skip
        self._store.mark(case.complainant, marking)
        return mark_id
