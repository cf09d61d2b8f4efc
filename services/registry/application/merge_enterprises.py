"""Links an enterprise to the one that it was merged into, or takes the link away: one new revision of its registration."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date

from services.common.auth.actor import Actor
from services.common.clock import Clock, china_day
from services.common.errors import FieldViolation, InvalidInput, NotFound, PreconditionFailed
from services.common.kernel import credit_code
from services.common.kernel.day import parse_day
from services.registry.application.ports import Register, Registered, Registers
from services.registry.domain.enterprise import Enterprise

MAX_REQUEST_ID = 64


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
        on = self._day(merger.on)
        if code == into:
            raise _invalid("into_credit_code", "an enterprise is not merged into itself: give the other one")
        with self._registers.transaction() as register:
            if _answered(register, actor, request_id, f"{code} {into} {on}"):
                return _found(register, code)
            found = register.lock([code, into])
            present, other = _of(found.get(code), code), _of(found.get(into), into)
            if other.enterprise.merged_into:
                raise _merged(into, other.enterprise)
            if present.enterprise.merged_into not in {"", into}:
                raise _merged(code, present.enterprise)
            return _write(register, actor, present, replace(present.enterprise, merged_into=into, merged_on=on))

    def unmerge(self, actor: Actor, request_id: str, told_code: str) -> Registered:
        """Take the link away and return the enterprise as it stands; without a link nothing changes. Raises as `merge` does."""
        code = credit_code.parse(told_code)
        with self._registers.transaction() as register:
            if _answered(register, actor, request_id, f"{code} unmerge"):
                return _found(register, code)
            present = _found(register, code)
            return _write(register, actor, present, replace(present.enterprise, merged_into="", merged_on=None))

    def _day(self, text: str) -> date:
        on, today = parse_day(text, "merged_on"), china_day(self._clock.now())
        if on > today:
            raise _invalid("merged_on", f"{on} is in the future: today is {today}")
        return on


def _answered(register: Register, actor: Actor, request_id: str, content: str) -> bool:
    if not 1 <= len(request_id) <= MAX_REQUEST_ID:
        raise _invalid("request_id", f"give 1 to {MAX_REQUEST_ID} characters, for example a UUID")
    return register.answered(actor, request_id, hashlib.sha256(content.encode()).digest()) is not None


def _write(register: Register, actor: Actor, present: Registered, wanted: Enterprise) -> Registered:
    if wanted == present.enterprise:
        return present
    registered = Registered(wanted, present.revision + 1)
    register.save(actor, [registered])
    return registered


def _found(register: Register, code: str) -> Registered:
    return _of(register.lock([code]).get(code), code)


def _of(registered: Registered | None, code: str) -> Registered:
    if registered is None:
        raise NotFound(
            f"no enterprise is registered under {code}", metadata={"resource_type": "Enterprise", "resource_name": code}
        )
    return registered


def _merged(code: str, enterprise: Enterprise) -> PreconditionFailed:
    into = enterprise.merged_into
    return PreconditionFailed(
        f"{code} was merged into {into} already: name {into}, or take that merger back first",
        metadata={"credit_code": code, "merged_into": into},
    )


def _invalid(field: str, description: str) -> InvalidInput:
    return InvalidInput(f"{field}: {description}", violations=(FieldViolation(field=field, description=description),))
