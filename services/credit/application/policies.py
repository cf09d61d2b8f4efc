"""Which policy is in force on a day."""

from collections.abc import Sequence
from datetime import date

from services.common.errors import PreconditionFailed
from services.credit.domain.policy import Policy


class Policies:
    """The policies in the order of their first days; a day is scored by the one in force on it."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._policies = sorted(policies, key=lambda policy: policy.effective_from, reverse=True)

    def on(self, day: date) -> Policy:
        """Return the policy of a day; raises PreconditionFailed before the first one."""
        found = next((policy for policy in self._policies if policy.effective_from <= day), None)
        if found is None:
            raise PreconditionFailed(f"no scoring policy is in force on {day}")
        return found

    def version(self, version: str) -> Policy:
        """Return a policy by its version; raises LookupError."""
        found = next((policy for policy in self._policies if policy.version == version), None)
        if found is None:
            raise LookupError(f"there is no scoring policy {version}")
        return found
