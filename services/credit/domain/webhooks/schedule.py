"""When a failed delivery is tried again, and when a webhook has failed for too long."""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: 410: the receiver wants no more; Standard Webhooks asks to disable at once.
GONE = 410
_MOST_DOUBLINGS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Exponential backoff with jitter: 2 s, 4 s and so on up to an hour; five days without one success disable."""

    first_seconds: float = 2.0
    most_seconds: float = 3600.0
    disable_after: timedelta = timedelta(days=5)

    def wait(self, attempts: int, chance: float) -> timedelta:
        """Return how long to wait after so many failed attempts, 1 or more: between half and all of the step, by `chance` in [0, 1)."""
        step = min(self.most_seconds, self.first_seconds * 2.0 ** min(attempts - 1, _MOST_DOUBLINGS))
        return timedelta(seconds=step * (0.5 + chance / 2))

    def why_disable(self, status: int, failing_since: datetime, now: datetime) -> str:
        """Return why a webhook is to be disabled after a failed attempt; empty when it is not."""
        if status == GONE:
            return "it answered 410 Gone"
        if now - failing_since >= self.disable_after:
            return f"no attempt has succeeded since {failing_since.isoformat(timespec='seconds')}"
        return ""


def is_delivered(status: int) -> bool:
    """Tell whether an answer takes a message over: any 2xx; a redirect does not, and is not followed."""
    return 200 <= status < 300
