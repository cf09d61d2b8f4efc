"""Registers or corrects enterprises: one transaction, one answer a row, the same content changes nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.common.auth.actor import Actor
from services.common.clock import Clock, china_day
from services.common.errors import FieldViolation, InvalidInput, VersionConflict, invalid
from services.registry.application.ports import Register, Registered, Registers
from services.registry.domain.enterprise import Draft, Enterprise, defect_of, normalise

MAX_ROWS = 1000
MAX_REQUEST_ID = 64


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row: what stands now, or the field that is wrong."""

    code: str
    registered: Registered | None
    is_changed: bool = False
    error: FieldViolation | None = None


class RegisterEnterprises:
    """The use case for one and for many."""

    def __init__(self, registers: Registers, clock: Clock) -> None:
        self._registers = registers
        self._clock = clock

    def register(
        self, actor: Actor, request_id: str, draft: Draft, *, etag: str = "", validate_only: bool = False
    ) -> Registered:
        """Register one enterprise and return it as it stands.

        Idempotent by (actor, request_id). Raises InvalidInput, RequestIdReused, VersionConflict when `etag` is given
        and is not the current one; with `validate_only` nothing is written.
        """
        _check_request_id(request_id)
        enterprise = normalise(draft, china_day(self._clock.now()))
        with self._registers.transaction() as register:
            digest = hashlib.sha256(repr((enterprise, etag)).encode()).digest()
            if not validate_only and register.answered(actor, request_id, digest) is not None:
                return register.lock([enterprise.credit_code])[enterprise.credit_code]
            found = register.lock([enterprise.credit_code])
            _check_etag(found.get(enterprise.credit_code), etag)
            outcomes = _decide([enterprise], found)
            if not validate_only:
                self._write(register, actor, outcomes)
                register.keep_answer(actor, request_id, b"")
        registered = outcomes[enterprise.credit_code].registered
        if registered is None:
            raise LookupError(enterprise.credit_code)
        return registered

    def register_batch(self, actor: Actor, request_id: str, drafts: Sequence[Draft]) -> list[Outcome]:
        """Register many in one transaction and return one outcome a row, in the order given.

        Idempotent by content. Raises InvalidInput when there are no rows, too many, or a code stands twice.
        """
        _check_request_id(request_id)
        _check_batch(drafts)
        rows = [self._normalised(draft) for draft in drafts]
        enterprises = [row for row in rows if isinstance(row, Enterprise)]
        with self._registers.transaction() as register:
            outcomes = _decide(enterprises, register.lock(sorted(e.credit_code for e in enterprises)))
            self._write(register, actor, outcomes)
        return [
            outcomes[row.credit_code]
            if isinstance(row, Enterprise)
            else Outcome(code=draft.credit_code, registered=None, error=row)
            for draft, row in zip(drafts, rows, strict=True)
        ]

    def _normalised(self, draft: Draft) -> Enterprise | FieldViolation:
        try:
            return normalise(draft, china_day(self._clock.now()))
        except InvalidInput as error:
            return defect_of(error)

    def _write(self, register: Register, actor: Actor, outcomes: Mapping[str, Outcome]) -> None:
        changed = [o.registered for o in outcomes.values() if o.is_changed and o.registered is not None]
        register.save(actor, changed)


def _decide(enterprises: Sequence[Enterprise], found: Mapping[str, Registered]) -> dict[str, Outcome]:
    """Return what follows for each: the next revision when anything differs, else what stands."""
    outcomes: dict[str, Outcome] = {}
    for given in enterprises:
        code, present = given.credit_code, found.get(given.credit_code)
        enterprise = given if present is None else _with_links(given, present.enterprise)
        if present is not None and present.enterprise == enterprise:
            outcomes[code] = Outcome(code, present)
        else:
            revision = present.revision + 1 if present else 1
            outcomes[code] = Outcome(code, Registered(enterprise, revision), is_changed=True)
    return outcomes


def _with_links(enterprise: Enterprise, present: Enterprise) -> Enterprise:
    return replace(
        enterprise,
        merged_into=present.merged_into,
        merged_on=present.merged_on,
        split_from=present.split_from,
        split_on=present.split_on,
    )


def _check_etag(present: Registered | None, etag: str) -> None:
    if etag and (present is None or present.etag != etag):
        raise VersionConflict("the enterprise changed since it was read: read it again and send its new etag")


def _check_request_id(request_id: str) -> None:
    if not 1 <= len(request_id) <= MAX_REQUEST_ID:
        raise invalid("request_id", f"give 1 to {MAX_REQUEST_ID} characters, for example a UUID")


def _check_batch(drafts: Sequence[Draft]) -> None:
    if not 1 <= len(drafts) <= MAX_ROWS:
        raise invalid("registrations", f"give 1 to {MAX_ROWS} rows")
    codes = [draft.credit_code.strip().upper() for draft in drafts]
    twice = {code for code in codes if codes.count(code) > 1} if len(set(codes)) < len(codes) else set()
    if twice:
        raise invalid("registrations", f"the code {min(twice)[:40]!r} stands twice: send each once")
