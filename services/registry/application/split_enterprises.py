"""Links an enterprise to the one that it was split from, or takes the link away: one new revision of its registration."""

from dataclasses import dataclass, replace

from services.common.auth.actor import Actor
from services.common.clock import Clock
from services.common.errors import PreconditionFailed, invalid
from services.common.kernel import credit_code
from services.registry.application.linking import among, is_answered, locked, past_day, written
from services.registry.application.ports import Register, Registered, Registers


@dataclass(frozen=True, slots=True)
class Split:
    """A split as handed in: the new enterprise, the one that it comes from, and the day as YYYY-MM-DD."""

    code: str
    origin: str
    on: str


class SplitEnterprises:
    """The use case behind SplitEnterprise and UndoSplitEnterprise."""

    def __init__(self, registers: Registers, clock: Clock) -> None:
        self._registers = registers
        self._clock = clock

    def split(self, actor: Actor, request_id: str, split: Split) -> Registered:
        """Link the new one to the one that it comes from and return it as it stands; the same split again changes nothing.

        Raises InvalidInput, NotFound, RequestIdReused, and PreconditionFailed when the new one comes from another already or
        the other one comes from the new one, over however many splits: so there is never a ring.
        """
        code, origin = credit_code.parse(split.code), credit_code.parse(split.origin, field="from_credit_code")
        on = past_day(self._clock, split.on, "split_on")
        if code == origin:
            raise invalid("from_credit_code", "an enterprise is not split from itself: give the other one")
        with self._registers.transaction() as register:
            if is_answered(register, actor, request_id, f"split {code} {origin} {on}"):
                return locked(register, code)
            register.lock_splits()
            found = register.lock([code, origin])
            present, other = among(found, code), among(found, origin)
            _check_origin(present, origin)
            _check_ring(register, code, other)
            return written(register, actor, present, replace(present.enterprise, split_from=origin, split_on=on))

    def undo(self, actor: Actor, request_id: str, told_code: str) -> Registered:
        """Take the link away and return the enterprise as it stands; without a link nothing changes.

        Raises InvalidInput, NotFound and RequestIdReused.
        """
        code = credit_code.parse(told_code)
        with self._registers.transaction() as register:
            if is_answered(register, actor, request_id, f"undo split {code}"):
                return locked(register, code)
            present = locked(register, code)
            return written(register, actor, present, replace(present.enterprise, split_from="", split_on=None))


def _check_origin(present: Registered, origin: str) -> None:
    code, kept = present.enterprise.credit_code, present.enterprise.split_from
    if kept not in {"", origin}:
        raise PreconditionFailed(
            f"from_credit_code: {code} was split from {kept} already: name {kept}, or undo that split first",
            metadata={"field": "from_credit_code", "credit_code": code, "split_from": kept},
        )


def _check_ring(register: Register, code: str, other: Registered) -> None:
    """Go from one to the one that it comes from until nobody is left; no split changes a link meanwhile."""
    at: Registered | None = other
    while at is not None and at.enterprise.split_from:
        if at.enterprise.split_from == code:
            raise _ring(code, other.enterprise.credit_code, at.enterprise.credit_code)
        at = register.read(at.enterprise.split_from)


def _ring(code: str, origin: str, child: str) -> PreconditionFailed:
    """Return the refusal: `child` is the one between, or the origin itself, that was split from the new enterprise."""
    return PreconditionFailed(
        f"from_credit_code: {origin} comes from {code} itself: exchange the two codes, or undo the split of {child} from {code} first",
        metadata={"field": "from_credit_code", "credit_code": child, "split_from": code},
    )
