"""The people behind complaints: the audited read of what was sealed, and its erasure; one transaction each."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.common.auth.actor import Actor, Role
from services.common.clock import Clock
from services.common.errors import (
    FieldViolation,
    Forbidden,
    PersonalDataInClear,
    PreconditionFailed,
    RequestIdReused,
    invalid,
)
from services.credit.application.submit import MAX_REQUEST_ID
from services.credit.application.take_case_step import Cases
from services.credit.domain.cases import redaction

LEAST_PURPOSE, MOST_PURPOSE = 4, 200


class Action(StrEnum):
    """What is kept of whoever comes to the vault."""

    READ = "READ"
    ERASE = "ERASE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Who did what with the complainant of which case, and why."""

    complaint_id: str
    action: Action
    subject: str
    office: str
    purpose: str
    at: datetime
    request_id: str | None = None


class Told(Protocol):
    """What one report told: serialised ComplainantDetails."""

    @property
    def source(self) -> str:
        """Return the source."""
        ...

    @property
    def event_id(self) -> str:
        """Return the event."""
        ...

    @property
    def details(self) -> bytes:
        """Return the details."""
        ...


class Vault(Protocol):
    """The vault and its audit inside one transaction."""

    def audit(self, audit: Audit) -> str:
        """Keep who did what; return the case that this request id was first used for."""
        ...

    def read(self, complaint_id: str) -> Sequence[Told]:
        """Return what is kept of a case."""
        ...

    def erased_at(self, complaint_id: str) -> datetime | None:
        """Return when a case was erased; None when it was not."""
        ...

    def erase(self, complaint_id: str, at: datetime) -> datetime:
        """Destroy the key of a case for good; return when that was done first."""
        ...


class Opener(Protocol):
    """Opens the vault for one transaction."""

    def __call__(self) -> AbstractContextManager[Vault]:
        """Return the vault; what was done is committed at the end."""
        ...


class Complainants:
    """The use cases behind ReadComplainant and EraseComplainant."""

    def __init__(self, cases: Cases, vault: Opener, clock: Clock) -> None:
        self._cases = cases
        self._vault = vault
        self._clock = clock

    def read(self, actor: Actor, complaint_id: str, purpose: str) -> Sequence[Told]:
        """Return what is kept of a case; the read is kept before anything is given out.

        Raises NotFound, Forbidden, InvalidInput and PersonalDataInClear for the purpose, PreconditionFailed once erased.
        """
        _check_words("purpose", purpose)
        self._check_office(actor, complaint_id)
        with self._vault() as vault:
            vault.audit(self._audit(actor, complaint_id, Action.READ, purpose))
            erased_at = vault.erased_at(complaint_id)
            if erased_at is not None:
                raise PreconditionFailed(
                    f"the complainant was erased on {erased_at:%Y-%m-%d}: nothing of it is left",
                    metadata={"complaint_id": complaint_id[:200]},
                )
            return vault.read(complaint_id)

    def erase(self, actor: Actor, request_id: str, complaint_id: str, reason: str) -> datetime:
        """Erase the complainant of a case; raises as `read`, and RequestIdReused."""
        if not 1 <= len(request_id) <= MAX_REQUEST_ID:
            raise invalid("request_id", f"give 1 to {MAX_REQUEST_ID} characters, for example a UUID")
        _check_words("reason", reason)
        self._check_office(actor, complaint_id)
        with self._vault() as vault:
            first = vault.audit(self._audit(actor, complaint_id, Action.ERASE, reason, request_id))
            if first != complaint_id:
                raise RequestIdReused("this request_id erased another case before: choose a new one")
            return vault.erase(complaint_id, self._clock.now())

    def _audit(self, actor: Actor, case: str, action: Action, purpose: str, request_id: str | None = None) -> Audit:
        return Audit(
            complaint_id=case, action=action, subject=actor.subject, office=actor.office, purpose=purpose.strip(),
            at=self._clock.now(), request_id=request_id,
        )  # fmt: skip

    def _check_office(self, actor: Actor, complaint_id: str) -> None:
        """The office that handles the case comes to its complainant, or a regulator; nobody else, and no office before."""
        handling = self._cases.get(complaint_id).case.office
        if actor.has(Role.REGULATOR) or (handling and handling == actor.office):
            return
        raise Forbidden(
            f"the case is with {handling or 'no office yet'}: only that office, or a regulator, comes to its complainant",
            metadata={"handling_office": handling},
        )


def _check_words(field: str, words: str) -> None:
    if not LEAST_PURPOSE <= len(words.strip()) <= MOST_PURPOSE:
        raise invalid(field, f"say why in {LEAST_PURPOSE} to {MOST_PURPOSE} characters: it is kept")
    if found := redaction.kinds_in(words):
        description = f"it holds {', '.join(sorted(found))}: say why without naming anybody"
        violation = FieldViolation(field=field, description=description)
        raise PersonalDataInClear(f"{field}: {description}", violations=(violation,))
