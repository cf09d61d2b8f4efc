"""Fields to the protobuf of complaints, violations, volumes and departments' answers, with the limits that the protos state."""

from collections.abc import Mapping
from functools import lru_cache

from google.protobuf.descriptor import EnumDescriptor
from merchantcredit.events.v1.complaint_pb2 import (
    AnswerCategory,
    ComplaintAnswer,
    ComplaintKind,
    ComplaintReported,
    ComplaintStatus,
    MerchantResponse,
    ProblemType,
)
from merchantcredit.events.v1.directive_pb2 import DeclineReason, DirectiveFeedback, FeedbackKind
from merchantcredit.events.v1.respondent_pb2 import Respondent
from merchantcredit.events.v1.violation_pb2 import DecisionState, PenaltyKind, Severity, ViolationReported
from merchantcredit.events.v1.volume_pb2 import VolumeReported

from services.cli.loading import values
from services.common.clock import SystemClock
from services.common.errors import invalid
from services.common.kernel import credit_code, day
from services.credit.offline import check_report

MAX_ORDERS = 1_000_000_000
#: What stands before a department in the source of its answers.
DEPARTMENTS = "//department.merchantcredit/"


def complaint(told: Mapping[str, str]) -> ComplaintReported:
    """Return a complaint report; raises InvalidInput naming the field."""
    _required(told, "status")
    return _checked(_report(told))


def case_step(told: Mapping[str, str]) -> ComplaintReported:
    """Return what a row tells of a case: a step, an answer or an extension, on its day; raises InvalidInput by field."""
    report = _report(told)
    report.case_source, report.handling_office = told.get("case_source", ""), told.get("handling_office", "")
    report.reason_code, report.target = told.get("reason_code", ""), told.get("target", "")
    report.check_extended_on = _day(told, "check_extended_on")
    category = _enum(told, "answer", AnswerCategory.DESCRIPTOR)
    if category:
        report.answer.CopyFrom(
            ComplaintAnswer(
                category=AnswerCategory.ValueType(category),
                answered_on=_day(told, "status_on", required=True),
                public_statement=told.get("public_statement", ""),
                right_credit_code=told.get("right_credit_code", ""),
            )
        )
    return _checked(report)


def _checked(report: ComplaintReported) -> ComplaintReported:
    """Refuse here what credit would refuse: nothing in the clear that names a person gets as far as a topic."""
    check_report(report, SystemClock())
    return report


def _report(told: Mapping[str, str]) -> ComplaintReported:
    return ComplaintReported(
        case_id=told.get("case_id", ""),
        credit_code=_code(told),
        kind=ComplaintKind.ValueType(_enum(told, "kind", ComplaintKind.DESCRIPTOR, required=True)),
        status=ComplaintStatus.ValueType(_enum(told, "status", ComplaintStatus.DESCRIPTOR)),
        received_on=_day(told, "received_on", required=True),
        status_on=_day(told, "status_on"),
        response=MerchantResponse.ValueType(_enum(told, "response", MerchantResponse.DESCRIPTOR)),
        problem_type=ProblemType.ValueType(_enum(told, "problem_type", ProblemType.DESCRIPTOR)),
        platform_code=_text(told, "platform_code", 32),
        complainant_pseudonym=_text(told, "complainant_pseudonym", 64),
        sealed_details=_text(told, "sealed_details", 65_536),
        disputed_amount_fen=_money(told, "disputed_amount"),
    )


def violation(told: Mapping[str, str]) -> ViolationReported:
    """Return a violation report; without a code it names the enterprise, and waits for a person. Raises InvalidInput by field."""
    name = "" if told.get("credit_code") else _text(told, "name", 200)
    return ViolationReported(
        document_number=_text(told, "document_number", 128, required=True),
        credit_code="" if name else _code(told),
        respondent=Respondent(name=name) if name else None,
        penalty_kind=PenaltyKind.ValueType(_enum(told, "penalty_kind", PenaltyKind.DESCRIPTOR, required=True)),
        severity=Severity.ValueType(_enum(told, "severity", Severity.DESCRIPTOR)),
        fine_fen=_money(told, "fine"),
        confiscated_fen=_money(told, "confiscated"),
        decided_on=_day(told, "decided_on", required=True),
        conduct_type=_text(told, "conduct_type", 200),
        legal_basis=_text(told, "legal_basis", 500),
        authority_name=_text(told, "authority_name", 200),
        authority_code=_text(told, "authority_code", 18),
        state=DecisionState.ValueType(_enum(told, "state", DecisionState.DESCRIPTOR)),
    )


def volume(told: Mapping[str, str]) -> VolumeReported:
    """Return a volume report; raises InvalidInput naming the field."""
    month = told.get("month", "")
    day.parse_month(month, "month")
    return VolumeReported(
        credit_code=_code(told),
        platform_code=_text(told, "platform_code", 32, required=True),
        month=month,
        orders=values.count(told.get("orders", ""), "orders", limit=MAX_ORDERS),
        amount_fen=_money(told, "amount"),
    )


def of_department(told: Mapping[str, str]) -> Mapping[str, str]:
    """Let a row of feedback come from its department, told when it happened."""
    return {**told, "source": f"{DEPARTMENTS}{told.get('department', '')}", "time": told.get("occurred_time", "")}


def feedback(told: Mapping[str, str]) -> DirectiveFeedback:
    """Return a department's answer to a directive; raises InvalidInput naming the field."""
    answer = DirectiveFeedback(
        number=values.count(told.get("number", ""), "number", limit=MAX_ORDERS),
        directive_id=_text(told, "directive_id", 256, required=True),
        kind=FeedbackKind.ValueType(_enum(told, "kind", FeedbackKind.DESCRIPTOR, required=True)),
        decline_reason=DeclineReason.ValueType(_enum(told, "decline_reason", DeclineReason.DESCRIPTOR)),
        result=_text(told, "result", 500),
        document_number=_text(told, "document_number", 128),
    )
    answer.occurred_time.FromDatetime(values.moment(told.get("occurred_time", ""), "occurred_time"))
    return answer


def _code(told: Mapping[str, str]) -> str:
    return _parsed_code(told.get("credit_code", ""))


@lru_cache(maxsize=65_536)
def _parsed_code(text: str) -> str:
    """Check a code once: the same merchants come again and again."""
    return credit_code.parse(text)


def _text(told: Mapping[str, str], field: str, limit: int, *, required: bool = False) -> str:
    return values.text(told.get(field, ""), field, limit=limit, required=required)


def _day(told: Mapping[str, str], field: str, *, required: bool = False) -> str:
    text = _text(told, field, 10, required=required)
    return day.parse_day(text, field).isoformat() if text else ""


def _enum(told: Mapping[str, str], field: str, descriptor: EnumDescriptor, *, required: bool = False) -> int:
    if required:
        _required(told, field)
    return values.enum(descriptor, told.get(field, ""), field)


def _required(told: Mapping[str, str], field: str) -> None:
    if not told.get(field):
        raise invalid(field, "the value is absent: fill the column, or map one with --map COLUMN=FIELD")


def _money(told: Mapping[str, str], name: str) -> int | None:
    """Return an amount in fen from whichever unit the row has; None when it tells none, never zero for unknown."""
    for unit, fen_per_unit in values.UNITS.items():
        field = f"{name}_{unit}"
        if told.get(field):
            return values.fen(told[field], field, fen_per_unit=fen_per_unit)
    return None
