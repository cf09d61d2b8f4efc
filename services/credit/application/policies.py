"""Which policy is in force on a day, which came before it, and whether its fuse holds its downgrades back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.common.errors import PreconditionFailed
from services.credit.domain.policy import Policy
from services.credit.domain.rating import Rating, rate, the_milder
from services.credit.domain.subject import SubjectState


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuse:
    """The fuse of an activated policy: how many of the rated it would downgrade, and whether and when a person lifted it."""

    version: str
    day: date
    rated: int
    downgraded: int
    limit_permille: int
    judged_at: datetime
    lifted_by: str = ""
    reason: str = ""
    lifted_at: datetime | None = None

    @property
    def is_blown(self) -> bool:
        """Tell whether the policy would downgrade more than the share that it allows itself."""
        return self.downgraded * 1000 > self.limit_permille * self.rated

    def holds(self, at: datetime) -> bool:
        """Tell whether downgrades by the policy are held back at a moment; records know the second only."""
        second = at.replace(microsecond=0)
        if second < self.judged_at.replace(microsecond=0):
            return True
        return self.is_blown and (self.lifted_at is None or second < self.lifted_at.replace(microsecond=0))


class Policies:
    """The policies in the order of their first days; a day is scored by the one in force on it.

    What was activated beside the shipped ones can be taken in anew while others read.
    """

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._shipped = tuple(policies)
        self._fuses: Mapping[str, Fuse] = {}
        self._policies = _newest_first(policies)

    @property
    def shipped(self) -> Sequence[Policy]:
        """Return the policies that came with the program; none of them has a fuse."""
        return self._shipped

    @property
    def versions(self) -> frozenset[str]:
        """Return the versions of all policies."""
        return frozenset(policy.version for policy in self._policies)

    def take(self, activated: Iterable[Policy], fuses: Iterable[Fuse]) -> None:
        """Take what was activated, and the fuses, in place of what was taken before."""
        self._fuses = {fuse.version: fuse for fuse in fuses}
        self._policies = _newest_first([*self._shipped, *activated])

    def on(self, day: date) -> Policy:
        """Return the policy of a day; raises PreconditionFailed before the first one."""
        found = next((policy for policy in self._policies if policy.effective_from <= day), None)
        if found is None:
            raise PreconditionFailed(f"no scoring policy is in force on {day}")
        return found

    def before(self, policy: Policy) -> Policy | None:
        """Return the policy that was in force before another; None for the first."""
        return next((one for one in self._policies if one.effective_from < policy.effective_from), None)

    def version(self, version: str) -> Policy:
        """Return a policy by its version; raises LookupError."""
        found = next((policy for policy in self._policies if policy.version == version), None)
        if found is None:
            raise LookupError(f"there is no scoring policy {version}")
        return found

    def fuse(self, policy: Policy) -> Fuse | None:
        """Return the fuse of a policy; None while it is not judged, and for a shipped one."""
        return self._fuses.get(policy.version)

    def needs_judging(self, day: date) -> Policy | None:
        """Return the policy in force on a day when its fuse is not judged yet."""
        policy = self.on(day)
        return policy if policy not in self._shipped and policy.version not in self._fuses else None

    def is_held(self, policy: Policy, at: datetime) -> bool:
        """Tell whether downgrades that a policy causes are held back at a moment: also before its fuse is judged."""
        if policy in self._shipped:
            return False
        fuse = self._fuses.get(policy.version)
        return fuse is None or fuse.holds(at)


def rate_in_force(
    states: Sequence[SubjectState], day: date, policies: Policies, at: datetime
) -> list[tuple[Rating, Policy]]:
    """Rate by the policy in force on a day; while its fuse holds, whom it alone would downgrade by the one before it.

    So what facts do passes under either policy: an expiry, a withdrawal, a correction, a lift, an upgrade, and new complaints.
    """
    policy = policies.on(day)
    ratings = [(rating, policy) for rating in rate(states, day, policy)]
    former = policies.before(policy)
    if former is None or not policies.is_held(policy, at):
        return ratings
    held = rate(states, day, former)
    return [
        (the_milder(now, before), former if before.grade > now.grade > 0 else policy)
        for (now, _), before in zip(ratings, held, strict=True)
    ]


def _newest_first(policies: Iterable[Policy]) -> list[Policy]:
    return sorted(policies, key=lambda policy: policy.effective_from, reverse=True)
