"""A webhook: whose it is, what it carries to where, and whether it still works."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from services.common.errors import NotFound


class Content(IntEnum):
    """What a webhook carries; numbers as in the protos."""

    DIRECTIVES = 1
    GRADE_CHANGES = 2
    RECORDS = 3


class State(IntEnum):
    """Whether a webhook is sent to; numbers as in the protos, a deleted one is shown to nobody."""

    ACTIVE = 1
    DISABLED = 2
    DELETED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A webhook as it stands.

    Attributes:
        owner: the office of who made it, or its account where there is no office.
        codes: only of these enterprises; empty: of all.
        failing_since: since when every attempt failed; None after one that succeeded.
        last_number: of its newest message; its messages are numbered 1, 2, 3 without a gap.
        secret_generation: of its present secret; the one before signs too until `former_until`.
        replays: how often it was sent again from a number; an answer to what was sent before the last time does not count.
    """

    webhook_id: str
    owner: str
    actor: str
    url: str
    content: Content
    created_at: datetime
    codes: tuple[str, ...] = ()
    state: State = State.ACTIVE
    disabled_at: datetime | None = None
    disabled_reason: str = ""
    failing_since: datetime | None = None
    last_number: int = 0
    secret_generation: int = 1
    former_until: datetime | None = None
    replays: int = 0

    def generations(self, now: datetime) -> tuple[int, ...]:
        """Return the generations of the secrets that sign now, the present one first."""
        is_overlap = self.former_until is not None and now < self.former_until
        return (self.secret_generation, self.secret_generation - 1) if is_overlap else (self.secret_generation,)


def webhook_not_found(webhook_id: str) -> NotFound:
    """Return the error of a webhook that does not exist, or is another's: the answer does not tell which."""
    return NotFound(
        f"you have no webhook {webhook_id[:64]!r}",
        metadata={"resource_type": "Webhook", "resource_name": webhook_id[:64]},
    )
