"""From the proto of a department's answer to the domain's."""

from merchantcredit.events.v1.directive_pb2 import DirectiveFeedback

from services.common.errors import FieldViolation, InvalidInput
from services.common.wire import moment
from services.credit.domain.punishment.directive import Feedback
from services.credit.domain.punishment.terms import DeclineReason, FeedbackKind

_KINDS = frozenset(map(int, FeedbackKind))
_REASONS = frozenset(map(int, DeclineReason))


def read_feedback(told: DirectiveFeedback, event_id: str) -> Feedback:
    """Return an answer; raises InvalidInput naming every field that is absent or unknown."""
    wrong = [name for name, is_right in _present(told).items() if not is_right]
    if wrong:
        violations = tuple(FieldViolation(field=name, description="is absent or unknown") for name in wrong)
        raise InvalidInput(f"{wrong[0]} is absent or unknown", violations=violations)
    return Feedback(
        event_id=event_id,
        number=told.number,
        kind=FeedbackKind(told.kind),
        at=moment(told.occurred_time, "occurred_time"),
        decline_reason=DeclineReason(told.decline_reason) if told.decline_reason else None,
        result=told.result,
        document_number=told.document_number,
    )


def _present(told: DirectiveFeedback) -> dict[str, bool]:
    return {
        "number": told.number > 0,
        "directive_id": bool(told.directive_id),
        "kind": int(told.kind) in _KINDS,
        "decline_reason": not told.decline_reason or int(told.decline_reason) in _REASONS,
        "occurred_time": told.HasField("occurred_time"),
    }
