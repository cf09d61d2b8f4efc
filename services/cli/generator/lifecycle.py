"""The life of complaint cases as columns: when each is accepted or refused, how the merchant answers, how it ends."""

from dataclasses import dataclass

import numpy as np

from services.cli.generator import constants as c
from services.cli.generator.randomness import Bools, Floats, Ints

#: Status and response by position, as the protos number them.
RECEIVED, ACCEPTED, REFUSED, AGREED, TERMINATED, WITHDRAWN = range(1, 7)
NOT_TOLD, IN_TIME, LATE, NONE = range(4)
#: No such step.
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """Cases: kind, and for each the day of decision and of the end as ordinals (NEVER when there is none)."""

    is_lead: Bools
    received: Ints
    decided: Ints
    decision: Ints
    ended: Ints
    ending: Ints
    response: Ints


def live(rng: np.random.Generator, received: Ints, in_time: Floats, agreed: Floats) -> Lives:
    """Draw the lives of cases received on these days, of merchants with these habits."""
    count = len(received)
    is_lead = rng.random(count) < c.LEAD_SHARE
    refused = rng.random(count) < c.REFUSED_SHARE
    decided = received + rng.integers(1, c.DECISION_DAYS + 1, count)
    days = rng.gamma(c.MEDIATION_SHAPE, c.MEDIATION_SCALE_DAYS, count)
    ended = decided + 1 + np.minimum(days, c.MEDIATION_MAX_DAYS).astype(np.int64)
    response = _responses(rng, in_time)
    ending = _endings(rng, response, agreed)
    has_end = ~(is_lead | refused)
    return Lives(
        is_lead=is_lead,
        received=received,
        decided=decided,
        decision=np.where(refused, REFUSED, ACCEPTED),
        ended=np.where(has_end, ended, NEVER),
        ending=ending,
        response=np.where(ending == WITHDRAWN, NOT_TOLD, response),
    )


def reports_until(lives: Lives, last_day: int) -> int:
    """Count the reports that a source has given of these cases by a day."""
    return int(sum(np.count_nonzero(days <= last_day) for days in (lives.received, lives.decided, lives.ended)))


def _responses(rng: np.random.Generator, in_time: Floats) -> Ints:
    answered_late = rng.random(len(in_time)) < c.LATE_AMONG_THE_REST
    rest = np.where(answered_late, LATE, NONE)
    return np.where(rng.random(len(in_time)) < in_time, IN_TIME, rest)


def _endings(rng: np.random.Generator, response: Ints, agreed: Floats) -> Ints:
    settles = (rng.random(len(response)) < agreed) & (response != NONE)
    withdrawn = rng.random(len(response)) < c.WITHDRAWN_SHARE
    return np.where(withdrawn, WITHDRAWN, np.where(settles, AGREED, TERMINATED))
