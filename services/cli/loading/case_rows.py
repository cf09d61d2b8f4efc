"""A case as it stands to rows that `load cases` reads: every step a row, the answer a row, and an extension a row.

Who complained is not told: a seal opens only where it was sealed to, and pseudonyms are kept as HMACs of one system.
"""

from collections.abc import Iterator, Mapping

from google.protobuf.descriptor import EnumDescriptor
from merchantcredit.credit.v1.complaint_service_pb2 import ComplaintCase
from merchantcredit.events.v1.complaint_pb2 import (
    AnswerCategory,
    ComplaintKind,
    ComplaintStatus,
    MerchantResponse,
    ProblemType,
)

#: The columns, by the names of the proto's fields; each is one that a load knows.
HEADER = (
    "source", "case_id", "credit_code", "kind", "received_on", "problem_type", "platform_code", "response",
    "status", "status_on", "handling_office", "reason_code", "target",
    "answer", "public_statement", "right_credit_code", "check_extended_on",
)  # fmt: skip
Row = Mapping[str, str]


def rows_of(case: ComplaintCase) -> Iterator[Row]:
    """Yield the rows from which the same case follows; each tells whose case it is."""
    common = _common(case)
    told = [*_steps(case), *_answer(case), *_extension(case)]
    for row in told or [{"status": "RECEIVED", "status_on": case.received_on}]:
        yield {**common, **row}


def _common(case: ComplaintCase) -> Row:
    return {
        "source": case.case_source,
        "case_id": case.case_id,
        "credit_code": case.credit_code,
        "kind": _word(ComplaintKind.DESCRIPTOR, case.kind),
        "received_on": case.received_on,
        "problem_type": _word(ProblemType.DESCRIPTOR, case.problem_type),
        "platform_code": case.platform_code,
        "response": _word(MerchantResponse.DESCRIPTOR, case.told_response),
    }


def _steps(case: ComplaintCase) -> Iterator[Row]:
    for step in case.steps:
        yield {
            "status": _word(ComplaintStatus.DESCRIPTOR, step.status),
            "status_on": step.on,
            "handling_office": step.office,
            "reason_code": step.reason_code,
            "target": step.target,
        }


def _answer(case: ComplaintCase) -> Iterator[Row]:
    if case.HasField("answer"):
        yield {
            "status_on": case.answer.answered_on,
            "answer": _word(AnswerCategory.DESCRIPTOR, case.answer.category),
            "public_statement": case.answer.public_statement,
            "right_credit_code": case.answer.right_credit_code,
        }


def _extension(case: ComplaintCase) -> Iterator[Row]:
    if case.check_extended_on:
        yield {"status_on": case.check_extended_on, "check_extended_on": case.check_extended_on}


def _word(descriptor: EnumDescriptor, number: int) -> str:
    """Return an enum's value without its prefix; empty for one that is not told."""
    prefix = descriptor.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return descriptor.values_by_number[number].name.removeprefix(prefix) if number else ""
