"""Between the protos of joint punishment and its domain."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from merchantcredit.credit.v1 import punishment_pb2 as pb
from merchantcredit.credit.v1 import punishment_service_pb2 as api
from merchantcredit.events.v1.directive_pb2 import DeclineReason
from merchantcredit.events.v1.violation_pb2 import Severity as SeverityProto

from services.common.auth.actor import Actor
from services.common.errors import invalid
from services.common.kernel import credit_code
from services.common.wire import known
from services.credit.adapters.punishment.listing_rows import ListingView
from services.credit.adapters.punishment.lookups import Lookup
from services.credit.application.punishment.propose import Proposal
from services.credit.domain.publicity import Severity
from services.credit.domain.punishment.order import Order
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import DirectiveState, StepKind


def step(kind: StepKind, day: date, actor: Actor, document_number: str, reasons: str) -> Step:
    """Return a step of the caller's."""
    return Step(
        kind=kind, day=day, actor=actor.subject, office=actor.office, document_number=document_number, reasons=reasons
    )


def proposal(request: api.ProposeListingRequest) -> Proposal:
    """Return a proposal; raises InvalidInput and InvalidCreditCode."""
    if not 1 <= len(request.listing_id) <= 64 or not request.listing_id.replace("-", "").isalnum():
        raise invalid("listing_id", "give 1 to 64 letters, digits and hyphens, for example a UUID")
    if not request.severity:
        raise invalid("severity", "give the severity class of the conduct")
    return Proposal(
        listing_id=request.listing_id,
        code=credit_code.parse(request.credit_code),
        list_id=request.list_id,
        trigger_id=request.trigger_id,
        severity=known(Severity, request.severity, "severity"),
        fact_ids=tuple(dict.fromkeys(request.fact_ids)),
        reasons=request.reasons,
        document_number=request.document_number,
        is_grave=request.is_grave,
    )


def listing(view: ListingView) -> pb.Listing:
    """Return a listing with its steps."""
    found = view.listing
    return pb.Listing(
        listing_id=found.listing_id,
        credit_code=found.code,
        list_id=found.list_id,
        trigger_id=found.trigger_id,
        severity=SeverityProto.ValueType(found.severity),
        state=pb.ListingState.ValueType(found.state),
        due_on=_day(found.due.day if found.due else None),
        due_step=found.due.step if found.due else "",
        published_on=_day(found.published_on),
        until=_day(found.until),
        end_reason=pb.EndReason.ValueType(found.end_reason or 0),
        is_objected=found.objection_due is not None,
        is_repair_pending=found.repair_due is not None,
        steps=[_step(one, at) for one, at in zip(found.steps, view.recorded, strict=False)],
    )


def directives(
    orders: Sequence[Order], delivered: frozenset[str], successor: Callable[[str], str]
) -> list[pb.DirectiveStanding]:
    """Return orders; one that its department proves to have is delivered. `successor` tells who has a department's tasks."""
    return [
        directive(order, successor(order.department), is_delivered=order.directive_id in delivered) for order in orders
    ]


def directive(order: Order, department: str, *, is_delivered: bool = False) -> pb.DirectiveStanding:
    """Return where an order stands, with the department that has it."""
    return pb.DirectiveStanding(
        directive_id=order.directive_id,
        listing_id=order.listing_id,
        credit_code=order.code,
        measure_id=order.measure_id,
        department=department,
        state=pb.DirectiveState.ValueType(DirectiveState.DELIVERED if is_delivered else order.state),
        number=order.number or 0,
        lift_number=order.lift_number or 0,
        due_on=_day(order.due_on),
        reminders=order.reminders,
        is_escalated=order.is_escalated,
        decline_reason=DeclineReason.ValueType(order.decline_reason or 0),
    )


def lookup(found: Lookup, *, is_named: bool) -> api.Lookup:
    """Return a look-up; the person who looked is named to regulators only."""
    message = api.Lookup(
        office=found.office or found.actor,
        purpose=pb.CheckPurpose.ValueType(found.purpose),
        actor=found.actor if is_named else "",
    )
    message.looked_time.FromDatetime(found.looked_at)
    return message


def _step(found: Step, recorded_at: datetime) -> pb.ListingStep:
    message = pb.ListingStep(
        kind=pb.StepKind.ValueType(found.kind),
        day=found.day.isoformat(),
        actor=found.actor,
        office=found.office,
        document_number=found.document_number,
        reasons=found.reasons,
        fact_ids=found.fact_ids,
        measure_ids=found.measure_ids,
        approver=found.approver,
        approval_office=found.approval_office,
        approval_document=found.approval_document,
        end_reason=pb.EndReason.ValueType(found.end_reason or 0),
    )
    message.recorded_time.FromDatetime(recorded_at)
    return message


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
