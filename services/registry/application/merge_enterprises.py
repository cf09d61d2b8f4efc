"""Links an enterprise to the one that it was merged into, or takes the link away: one new revision of its registration."""

from dataclasses import dataclass, replace

from services.common.auth.actor import Actor
from services.common.clock import Clock
from services.common.errors import PreconditionFailed, invalid
from services.common.kernel import credit_code
from services.registry.application.linking import among, is_answered, locked, past_day, written
from services.registry.application.ports import Registered, Registers
from services.registry.domain.enterprise import Enterprise


@dataclass(frozen=True, slots=True)
class Merger:
    """A merger as handed in: who, into whom, and the day as YYYY-MM-DD."""

    code: str
    into: str
    on: str


class MergeEnterprises:
    """The use case behind MergeEnterprise and UnmergeEnterprise."""

    def __init__(self, registers: Registers, clock: Clock) -> None:
        self._registers = registers
        self._clock = clock

    def merge(self, actor: Actor, request_id: str, merger: Merger) -> Registered:
        """Link one to another and return it as it stands; the same merger again changes nothing.

        Raises InvalidInput, NotFound, RequestIdReused, and PreconditionFailed when one of the two is merged elsewhere. Both are
        locked, and nobody is merged into what is merged itself: so there is never a ring.
        """
        code, into = credit_code.parse(merger.code), credit_code.parse(merger.into, field="into_credit_code")
        on = past_day(self._clock, merger.on, "merged_on")
        if code == into:
            raise invalid("into_credit_code", "an enterprise is not merged into itself: give the other one")
        with self._registers.transaction() as register:
            if is_answered(register, actor, request_id, f"{code} {into} {on}"):
                return locked(register, code)
            found = register.lock([code, into])
            present, other = among(found, code), among(found, into)
            if other.enterprise.merged_into:
                raise _merged(into, other.enterprise)
            if present.enterprise.merged_into not in {"", into}:
                raise _merged(code, present.enterprise)
            return written(register, actor, present, replace(present.enterprise, merged_into=into, merged_on=on))

    def unmerge(self, actor: Actor, request_id: str, told_code: str) -> Registered:
        """Take the link away and return the enterprise as it stands; without a link nothing changes. Raises as `merge` does."""
        code = credit_code.parse(told_code)
        with self._registers.transaction() as register:
            if is_answered(register, actor, request_id, f"{code} unmerge"):
                return locked(register, code)
            present = locked(register, code)
            return written(register, actor, present, replace(present.enterprise, merged_into="", merged_on=None))


def _merged(code: str, enterprise: Enterprise) -> PreconditionFailed:
    into = enterprise.merged_into
    return PreconditionFailed(
        f"{code} was merged into {into} already: name {into}, or take that merger back first",
        metadata={"credit_code": code, "merged_into": into},
    )
