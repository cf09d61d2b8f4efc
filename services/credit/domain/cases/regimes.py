"""Which regime governs: the one in force on the day of the event, be it a receipt, a decision or a clock's start."""

from datetime import date
from functools import lru_cache

from services.common.errors import NotFound
from services.credit.domain.cases.law import Regime
from services.credit.domain.cases.order_20 import ORDER_20
from services.credit.domain.cases.order_121 import ORDER_121

#: By the day from which they hold, the oldest first.
REGIMES = (ORDER_20, ORDER_121)
_BY_ID = {regime.id: regime for regime in REGIMES}


@lru_cache(maxsize=1 << 14)
def regime_on(day: date) -> Regime:
    """Return the regime of an event's day; the oldest one also for events before it."""
    return max((regime for regime in REGIMES if regime.effective_from <= day), key=_start, default=REGIMES[0])


def regime(regime_id: str) -> Regime:
    """Return the regime that a stored clock names; raises NotFound for an unknown id."""
    if regime_id not in _BY_ID:
        raise NotFound(
            f"there is no complaint regime {regime_id!r}: use one of {', '.join(_BY_ID)}",
            metadata={"resource_type": "regime", "resource_name": regime_id},
        )
    return _BY_ID[regime_id]


def _start(regime: Regime) -> date:
    return regime.effective_from
