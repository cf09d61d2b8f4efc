"""The manners of departments: how soon, how often and how truly they answer."""

from dataclasses import dataclass
from enum import StrEnum


class Manner(StrEnum):
    """A manner; departments are dealt them in turn."""

    PROMPT = "prompt"
    SLOW = "slow"
    DECLINING = "declining"
    CRASHING = "crashing"
    OFFLINE = "offline"
    TWICE = "twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a manner means, in shares and seconds."""

    pause_seconds: float = 0.0
    away_seconds: float = 0.0
    crash_share: float = 0.0
    declines: bool = False
    answers: int = 1


#: How long a slow one takes for a directive.
SLOW_SECONDS = 0.2


def traits(manner: Manner, away_seconds: float, slow_seconds: float = SLOW_SECONDS) -> Traits:
    """Return the traits of a manner; one that is offline comes back after so many seconds."""
    return {
        Manner.PROMPT: Traits(),
        Manner.SLOW: Traits(pause_seconds=slow_seconds),
        Manner.DECLINING: Traits(declines=True),
        Manner.CRASHING: Traits(crash_share=0.3),
        Manner.OFFLINE: Traits(away_seconds=away_seconds),
        Manner.TWICE: Traits(answers=2),
    }[manner]
