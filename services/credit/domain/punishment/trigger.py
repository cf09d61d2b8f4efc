"""Triggers that the system itself sees: it proposes with the evidence, and a person with the power decides."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from services.common.kernel.day import add_months
from services.credit.domain.facts import Penalty
from services.credit.domain.publicity import Severity

MAX_EVIDENCE = 20


class Watch(NamedTuple):
    """When a trigger is met: so many penalties decided within so many months, none of them revoked."""

    penalties: int
    months: int

    def since(self, day: date) -> date:
        """Return the first day that counts on a day."""
        return add_months(day, -self.months)


class Found(NamedTuple):
    """What meets a trigger: the newest facts, at most 20, and the gravest class among them."""

    fact_ids: tuple[str, ...]
    severity: Severity


def find(watch: Watch, penalties: Mapping[str, Penalty], day: date) -> Found | None:
    """Return the evidence that meets a trigger on a day, the newest first; None when it is not met."""
    counted = sorted(
        (
            (penalty.decided_on, fact_id)
            for fact_id, penalty in penalties.items()
            if not penalty.revoked and watch.since(day) <= penalty.decided_on <= day
        ),
        reverse=True,
    )
    if len(counted) < watch.penalties:
        return None
    fact_ids = tuple(fact_id for _, fact_id in counted[:MAX_EVIDENCE])
    return Found(fact_ids, max(penalties[fact_id].severity_class for fact_id in fact_ids))
