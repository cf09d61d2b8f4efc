"""What a case counts as: the status that weighs, how the merchant answered, and how it stands in the statistics."""

from datetime import date
from enum import StrEnum

from services.credit.domain.cases.answers import Response
from services.credit.domain.cases.case import Case, Step
from services.credit.domain.cases.clocks import answer_due
from services.credit.domain.cases.law import Effect
from services.credit.domain.cases.regimes import regime_on
from services.credit.domain.cases.states import State

#: 骗取赔偿: the reason of Order 121 by which a mediation ends for fraud; Order 20 has none.
FRAUD = "FRAUD"
_OPEN = frozenset({State.RECEIVED, State.REFERRED})
_UNDER_WAY = frozenset({State.ACCEPTED, State.MEDIATING, State.SUSPENDED, State.CHECKING, State.FILED})
_ENDED = (State.AGREED, State.TERMINATED, State.FILED, State.NOT_FILED)


class Outcome(StrEnum):
    """How a dispute ended for the statistics."""

    OPEN = "OPEN"
    AGREED = "AGREED"
    FAILED = "FAILED"
    #: Refused, withdrawn, merged, or terminated for a reason that says nothing of the merchant.
    VOID = "VOID"


def weighing(case: Case) -> State:
    """Return what the score counts the case as: RECEIVED, ACCEPTED, AGREED, TERMINATED, or one that weighs nothing.

    A settlement without the office (Order 20 art. 21(1)(i)) weighs as an agreement; a mediation terminated for the
    complainant's absence, false material or fraud weighs nothing, as a withdrawn one. A filed lead weighs as one under
    way until the penalty that follows weighs itself.
    """
    state = case.state
    if state in _OPEN:
        return State.RECEIVED
    if state in _UNDER_WAY:
        return State.ACCEPTED
    ended = case.last(*_ENDED)
    if ended is not None and ended.state is State.FILED:
        return State.ACCEPTED
    if ended is not None and ended.state is State.TERMINATED:
        return _BY_EFFECT[_effect(ended)]
    if ended is not None and ended.state is State.AGREED:
        return State.AGREED
    return State.WITHDRAWN if state in {State.WITHDRAWN, State.MERGED} else State.REFUSED


def ended_for_fraud(case: Case) -> bool:
    """Tell whether the case ended because its complainant sought compensation by fraud."""
    ended = case.last(*_ENDED)
    if ended is None or ended.state is not State.TERMINATED or ended.reason != FRAUD:
        return False
    return FRAUD in regime_on(ended.day).terminations


def outcome(case: Case) -> Outcome:
    """Return how a dispute ended for the statistics."""
    return _OUTCOMES[weighing(case)]


def response(case: Case, day: date, told: Response = Response.UNKNOWN) -> Response:
    """Return how the merchant answered by a day: in time and late by the clock, NONE once the deadline is past.

    UNKNOWN while the deadline runs, and for a case that was never accepted. An answer before acceptance is in time. A source
    that tells the response in a word (`told`), and no answer, is believed.
    """
    due = answer_due(case)
    if case.answer is not None:
        return Response.IN_TIME if due is None or case.answer.day <= due.day else Response.LATE
    if told is not Response.UNKNOWN:
        return told
    return Response.NONE if due is not None and day > due.day else Response.UNKNOWN


def final_response(case: Case, told: Response) -> Response:
    """Return how the merchant answered by what the accounts tell, on whatever day they are read.

    A late answer counts as one once the case has ended: until then it is not less than silence, of which nothing is known
    yet. NONE once a mediation has failed after the deadline in the file of the office that accepted the case: an answer would
    be in that file. A source that sends words about its cases and no file may know of an answer that it does not tell, and who
    settled has answered in some way: a doubt is to the merchant's good.
    """
    answered = response(case, case.since) if case.answer is not None else told
    if answered is not Response.UNKNOWN:
        return Response.UNKNOWN if answered is Response.LATE and weighing(case) is State.ACCEPTED else answered
    accepted, ended = case.last(State.ACCEPTED), case.last(*_ENDED)
    if accepted is None or not accepted.office or ended is None or weighing(case) is not State.TERMINATED:
        return Response.UNKNOWN
    return response(case, ended.day)


def _effect(step: Step) -> Effect:
    """Return what a termination says of the merchant; one whose reason is not told, or not of the list, is a failure."""
    reason = regime_on(step.day).terminations.get(step.reason)
    return reason.effect if reason else Effect.FAILED


_BY_EFFECT = {Effect.FAILED: State.TERMINATED, Effect.SETTLED: State.AGREED, Effect.VOID: State.WITHDRAWN}
_OUTCOMES = {
    State.RECEIVED: Outcome.OPEN,
    State.ACCEPTED: Outcome.OPEN,
    State.AGREED: Outcome.AGREED,
    State.TERMINATED: Outcome.FAILED,
    State.REFUSED: Outcome.VOID,
    State.WITHDRAWN: Outcome.VOID,
}
