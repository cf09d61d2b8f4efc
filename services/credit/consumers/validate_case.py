"""What the fields of a case's further life must keep: the office, reason and target of a step, the merchant's answer."""

import re
from datetime import date

from merchantcredit.events.v1.complaint_pb2 import ComplaintReported

from services.common.errors import FieldViolation, PersonalDataInClear, invalid
from services.common.kernel.day import parse_day, parse_optional_day
from services.credit.application.sources import OFFICE_AUTHORITY, Source
from services.credit.domain.cases import answers
from services.credit.domain.cases.answers import Answer, Category
from services.credit.domain.personal_data import found_in

_REASON = re.compile(r"[A-Z_]{0,40}")
_MOST = {"case_source": 256, "handling_office": 64, "target": 400}


def is_aside(m: ComplaintReported) -> bool:
    """Tell whether a report without a status tells something else: an answer, an extension, or what a review judged."""
    return m.status == 0 and (m.HasField("answer") or bool(m.check_extended_on) or judges(m))


def judges(m: ComplaintReported) -> bool:
    """Tell whether a report tells what a review or a mark says of the case."""
    return bool(m.judgement or m.complainant_mark or m.review_id)


def check_case(m: ComplaintReported, received_on: date, today: date) -> None:
    """Refuse what the proto forbids of a case's steps and answer; most reports tell none of it.

    Raises InvalidInput naming the field, PersonalDataInClear when a text names a person.
    """
    for field, most in _MOST.items():
        text = getattr(m, field)
        if text:
            _check_text(field, text, most)
    if not _REASON.fullmatch(m.reason_code):
        raise invalid("reason_code", "give a code of at most 40 of A-Z _")
    if m.check_extended_on:
        _between("check_extended_on", parse_optional_day(m.check_extended_on, "check_extended_on"), received_on, today)
    if m.HasField("answer"):
        _check_answer(m, received_on, today)


def check_teller(m: ComplaintReported, source: Source) -> None:
    """Refuse a report of another source's case by anybody but an office, or the merchant who answers it."""
    if source.only_answers and not (m.HasField("answer") and m.status == 0 and not m.check_extended_on):
        raise invalid("answer", "this source tells answers and nothing else")
    if source.only_answers and m.complainant_pseudonym:
        raise invalid("complainant_pseudonym", "the merchant who answers does not tell who complained: leave it empty")
    if judges(m) is not source.judges:
        raise invalid("judgement", "only a review by RPC judges cases and marks complainants: leave it empty")
    if m.case_source and source.authority < OFFICE_AUTHORITY and not source.only_answers:
        raise invalid("case_source", "only an office tells of another source's case: leave it empty")


def _check_answer(m: ComplaintReported, received_on: date, today: date) -> None:
    told = m.answer
    if not 1 <= told.category <= max(Category):
        raise invalid("answer.category", "give one of the categories")
    day = parse_day(told.answered_on, "answer.answered_on")
    _between("answer.answered_on", day, received_on, today)
    given = Answer(Category(told.category), day, told.public_statement, told.right_credit_code)
    answers.check(given, m.credit_code)


def _check_text(field: str, text: str, most: int) -> None:
    if len(text) > most:
        raise invalid(field, f"give at most {most} characters")
    is_key = field == "case_source" or text.startswith("complaint:")
    if not is_key and (found := found_in(text)):
        violation = FieldViolation(
            field=field, description=f"it holds {found}: name the office or case, never a person"
        )
        raise PersonalDataInClear(f"{field}: {violation.description}", violations=(violation,))


def _between(field: str, day: date | None, first: date, last: date) -> None:
    if day is None or not first <= day <= last:
        raise invalid(field, f"give a day from the case's receipt, {first}, to today, {last}")
