"""Tells a merchant the way back to a better grade, from its state as it stands."""

from datetime import date
from typing import NamedTuple, Protocol

from services.common.auth.actor import Actor, Role
from services.common.clock import Clock, china_day
from services.common.errors import FieldViolation, Forbidden, InvalidInput, NotFound
from services.common.kernel.grade import Grade
from services.credit.application.policies import Policies
from services.credit.domain.subject import SubjectState
from services.credit.domain.way_back import WayBack, way_back

OFFICES = frozenset({Role.REGULATOR, Role.OFFICE})


class StateReader(Protocol):
    """Where states are read from."""

    def state(self, code: str) -> SubjectState | None:
        """Return the state of a registered enterprise; None when there is none."""
        ...


class Told(NamedTuple):
    """A way back, and the day from which it is told."""

    way: WayBack
    day: date


class ReadWayBack:
    """The use case behind GetWayBack."""

    def __init__(self, states: StateReader, policies: Policies, clock: Clock) -> None:
        self._states = states
        self._policies = policies
        self._clock = clock

    def execute(self, actor: Actor, code: str, goal: str) -> Told:
        """Return the way from today; raises Forbidden, NotFound, and InvalidInput for what is no grade.

        Penalties that are not published and cases under way weigh in it: only offices and the merchant itself learn it.
        """
        if not actor.has(*OFFICES) and actor.subject != code:
            raise Forbidden("a merchant reads this of itself only", metadata={"credit_code": code})
        wanted = _grade(goal)
        state = self._states.state(code)
        if state is None:
            raise NotFound(
                f"no enterprise is registered under {code}",
                metadata={"resource_type": "CreditRecord", "resource_name": code},
            )
        day = china_day(self._clock.now())
        return Told(way_back(state, day, self._policies.on(day), wanted), day)


def _grade(text: str) -> Grade | None:
    if not text:
        return None
    if text not in Grade.__members__ or text == Grade.NR.name:
        violation = FieldViolation(
            field="goal_grade", description="give AAA to D, or leave it empty for the next better"
        )
        raise InvalidInput(f"goal_grade: {violation.description}", violations=(violation,))
    return Grade[text]
