"""How complete a file is: the weighed share of what could be known that is known; apart from conduct, it moves no point."""

from collections.abc import Mapping
from datetime import date

from services.common.kernel.day import month_index
from services.credit.domain.cells import CellKind
from services.credit.domain.policy import Policy
from services.credit.domain.subject import SubjectState

#: Volumes count as known when a month of the last twelve was reported.
_VOLUME_MONTHS = 12


def completeness(state: SubjectState, day: date, policy: Policy) -> int:
    """Return thousandths, 0 to 1000; 0 for who is not registered."""
    known = _known(state, day)
    weighed = sum(weight for item, weight in policy.completeness.items() if known.get(item))
    return weighed * 1000 // sum(policy.completeness.values())


def _known(state: SubjectState, day: date) -> Mapping[str, bool]:
    told = state.registration
    if told is None:
        return {}
    oldest = month_index(day) - _VOLUME_MONTHS + 1
    return {
        "name": bool(told.name),
        "type": bool(told.enterprise_type),
        "region": bool(told.region_code),
        "address": bool(told.address),
        "scope": bool(told.business_scope),
        "established": told.established_on is not None,
        "status": told.status != 0,
        "volumes": any(cell >> 48 == CellKind.ORDERS and cell & 0xFFFFFFFF >= oldest for cell in state.cells),
    }
