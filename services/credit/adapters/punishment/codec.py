"""Between instructions and their protos."""

from datetime import date, datetime

from merchantcredit.events.v1 import directive_pb2 as pb

from services.common.eventlog import cloudevents
from services.common.eventlog.port import Message
from services.common.eventlog.topics import DIRECTIVE, INSTRUCTION
from services.credit.domain.punishment.order import Instruction
from services.credit.domain.punishment.terms import Action

SOURCE = "//credit.merchantcredit"


def directive(told: Instruction) -> pb.Directive:
    """Return the directive of an instruction."""
    return pb.Directive(
        directive_id=told.order.directive_id,
        action=pb.DirectiveAction.ValueType(told.action),
        credit_code=told.order.code,
        measure_id=told.order.measure_id,
        content=told.content,
        legal_basis=told.legal_basis,
        listing_id=told.order.listing_id,
        document_number=told.document_number,
        office=told.office,
        ordered_on=told.ordered_on.isoformat(),
        until=_day(told.order.until),
        answer_due_on=told.answer_due_on.isoformat(),
        lift_reason="" if told.lift_reason is None else told.lift_reason.name,
    )


def instruction_message(told: Instruction, at: datetime) -> Message:
    """Return the message that carries an instruction to the dispatcher, keyed by department."""
    headers = cloudevents.headers(event_id=_event_id(told), event_type=INSTRUCTION, source=SOURCE, time=at)
    value = directive(told).SerializeToString(deterministic=True)
    return Message(topic=INSTRUCTION, key=told.order.department, value=value, headers=headers)


def _event_id(told: Instruction) -> str:
    """Return an id that no other instruction has: reminders are counted anew once an order is to be lifted."""
    order = told.order
    if told.action is not Action.REMIND:
        return f"{order.directive_id}:{told.action.name}"
    of = Action.APPLY if order.lift_ordered_at is None else Action.LIFT
    return f"{order.directive_id}:REMIND:{of.name}:{order.reminders}"


def directive_message(department: str, number: int, digest: bytes, content: bytes, at: datetime) -> Message:
    """Return the message of a numbered directive, keyed by department."""
    numbered = pb.NumberedDirective(department=department, number=number, digest=digest, directive=content)
    headers = cloudevents.headers(event_id=f"{department}:{number}", event_type=DIRECTIVE, source=SOURCE, time=at)
    return Message(topic=DIRECTIVE, key=department, value=numbered.SerializeToString(), headers=headers)


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
