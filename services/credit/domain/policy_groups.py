"""Peer groups of a policy: by the orders that still count, the most that a low rate of complaints can win in each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.common.errors import FieldViolation
from services.credit.domain import policy_schema

_FIELD = "complaint.peer_groups"
KEYS: Mapping[str, Any] = {
    "name": policy_schema.text,
    "from_orders": policy_schema.whole(0, 10**12),
    "relief_cap_millipoints": policy_schema.whole(0, 1_000_000),
}


def read(groups: Sequence[Mapping[str, Any]]) -> tuple[tuple[int, int], ...]:
    """Return (from so many orders on, relief at most), rising."""
    return tuple((group["from_orders"], group["relief_cap_millipoints"]) for group in groups)


def faults(groups: Sequence[Any], relief: int) -> Iterator[FieldViolation]:
    """Yield what is wrong: a gap at the beginning, an overlap, a group of more orders that wins less, more than there is."""
    last_from, last_cap = -1, -1
    for i, group in enumerate(groups):
        field = f"{_FIELD}[{i}]"
        found = list(policy_schema.faults(group, KEYS, f"{field}.")) if isinstance(group, Mapping) else []
        yield from found
        if found or not isinstance(group, Mapping):
            continue
        begins, cap = group["from_orders"], group["relief_cap_millipoints"]
        if i == 0 and begins != 0:
            yield policy_schema.fault(f"{field}.from_orders", f"is {begins}: a gap below it, begin with 0")
        if begins <= last_from:
            yield policy_schema.fault(f"{field}.from_orders", f"is {begins}: it overlaps the group before, give more")
        if not last_cap <= cap <= relief:
            yield policy_schema.fault(
                f"{field}.relief_cap_millipoints", f"is {cap}: give {max(last_cap, 0)} to relief_millipoints, {relief}"
            )
        last_from, last_cap = begins, cap
