"""One intake event after decoding: who told what, and how the ledger keeps it."""

from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from services.credit.domain.facts import Assertion, Body
from services.credit.domain.matching import Named


class Verdict(IntEnum):
    """What became of an event; numbers as in the proto."""

    ACCEPTED = 1
    DUPLICATE = 2
    WAITING_FOR_CODE = 3
    QUARANTINED = 4
    DEAD_LETTERED = 5
    PENDING = 6
    WAITING_FOR_MATCH = 7


class Told(NamedTuple):
    """An event that was decoded; `kept` is the body as the ledger keeps it, `details` go to the vault.

    One that came without a code says in `named` whom it is about, and its body has an empty code.
    """

    ordinal: int
    source: str
    event_id: str
    digest: bytes
    office: str
    assertion: Assertion
    kept: bytes
    held_reason: str
    details: bytes = b""
    named: Named | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Return what makes the event unique."""
        return self.source, self.event_id

    @property
    def body(self) -> Body:
        """Return what was told."""
        return self.assertion.body


class Undecodable(NamedTuple):
    """An event that cannot be applied: why, and as far as it could be read, which one it is."""

    ordinal: int
    reason: str
    description: str
    source: str
    event_id: str
    digest: bytes


class Receipt(NamedTuple):
    """What a producer is told of its event."""

    verdict: Verdict
    fact_id: str
    reason: str
    recorded_at: datetime | None
