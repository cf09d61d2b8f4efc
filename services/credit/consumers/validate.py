"""What an intake message must keep; each check names the field and the fix. Limits are those of the protos' comments."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from google.protobuf.message import Message
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported
from merchantcredit.events.v1.violation_pb2 import ViolationReported
from merchantcredit.events.v1.volume_pb2 import VolumeReported

from services.common.errors import FieldViolation, InvalidInput, PersonalDataInClear, invalid
from services.common.kernel import credit_code
from services.common.kernel.day import parse_day, parse_month, parse_optional_day
from services.credit.consumers.validate_case import check_case, is_aside
from services.credit.domain.matching import Named
from services.credit.domain.personal_data import found_in, is_number_of_a_person, is_pseudonym

MAX_SEALED = 65536
MAX_MONEY_FEN = 10**15
MAX_ORDERS = 10**9
MAX_RESPONDENT = 200
_REGION = re.compile(r"(?:[0-9]{6})?")
_CASE_ID = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
_PLATFORM = re.compile(r"[A-Za-z0-9._:/-]{0,32}")


@lru_cache(maxsize=1 << 12)
def _is_platform(code: str) -> bool:
    return _PLATFORM.fullmatch(code) is not None


_Rule = tuple[str, Callable[[Any], object], str]
_COMPLAINT: tuple[_Rule, ...] = (
    ("case_id", lambda m: _CASE_ID.fullmatch(m.case_id), "give 1 to 64 of A-Z a-z 0-9 . _ : / -"),
    ("kind", lambda m: 1 <= m.kind <= 2, "give DISPUTE or LEAD"),
    ("status", lambda m: 1 <= m.status <= 15 or is_aside(m), "give where the case stands"),
    ("response", lambda m: 0 <= m.response <= 3, "give one of the responses"),
    ("problem_type", lambda m: 0 <= m.problem_type <= 8, "give one of the problem types"),
    ("platform_code", lambda m: _is_platform(m.platform_code), "give at most 32 of A-Z a-z 0-9 . _ : / -"),
    ("sealed_details", lambda m: len(m.sealed_details) <= MAX_SEALED, f"give at most {MAX_SEALED} characters"),
    ("disputed_amount_fen", lambda m: 0 <= m.disputed_amount_fen <= MAX_MONEY_FEN, "give fen, 0 or more"),
)
_VIOLATION: tuple[_Rule, ...] = (
    (
        "document_number",
        lambda m: 1 <= len(m.document_number) <= 128,
        "give the document's number, 1 to 128 characters",
    ),
    ("penalty_kind", lambda m: 1 <= m.penalty_kind <= 7, "give the heaviest kind of penalty"),
    ("severity", lambda m: 0 <= m.severity <= 3, "give MINOR, ORDINARY or SERIOUS, or leave it out"),
    ("fine_fen", lambda m: 0 <= m.fine_fen <= MAX_MONEY_FEN, "give fen, 0 or more"),
    ("confiscated_fen", lambda m: 0 <= m.confiscated_fen <= MAX_MONEY_FEN, "give fen, 0 or more"),
    ("conduct_type", lambda m: len(m.conduct_type) <= 200, "give at most 200 characters"),
    ("legal_basis", lambda m: len(m.legal_basis) <= 500, "give at most 500 characters"),
    ("authority_name", lambda m: len(m.authority_name) <= 200, "give at most 200 characters"),
    ("state", lambda m: 0 <= m.state <= 3, "give IN_FORCE, REVOKED or REPAIRED"),
)
_VOLUME: tuple[_Rule, ...] = (
    (
        "platform_code",
        lambda m: m.platform_code and _is_platform(m.platform_code),
        "give 1 to 32 of A-Z a-z 0-9 . _ : / -",
    ),
    ("orders", lambda m: 0 <= m.orders <= MAX_ORDERS, f"give 0 to {MAX_ORDERS} orders"),
    ("amount_fen", lambda m: 0 <= m.amount_fen <= MAX_MONEY_FEN, "give fen, 0 or more"),
)


def check_complaint(m: ComplaintReported, today: date) -> None:
    """Refuse a complaint report that its proto forbids; normalises the code in place."""
    _normalise(m)
    _require(_COMPLAINT, m)
    _check_sealed(m)
    received = _past("received_on", parse_day(m.received_on, "received_on"), today)
    status_on = _past("status_on", parse_optional_day(m.status_on, "status_on") or received, today)
    if status_on < received:
        raise invalid("status_on", "a status cannot be older than the receipt of the case")
    check_case(m, received, today)


def check_violation(m: ViolationReported, today: date) -> None:
    """Refuse a violation report that its proto forbids; normalises the code in place."""
    _normalise(m)
    _require(_VIOLATION, m)
    for field in ("conduct_type", "authority_name", "legal_basis"):
        if found := found_in(getattr(m, field)):
            raise _personal(field, f"it holds {found}: name the conduct, never a person")
    _past("decided_on", parse_day(m.decided_on, "decided_on"), today)


def check_volume(m: VolumeReported, today: date) -> None:
    """Refuse a volume report that its proto forbids; normalises the code in place."""
    _normalise(m)
    _require(_VOLUME, m)
    _past("month", parse_month(m.month, "month"), today)


def named_in(m: Message) -> Named | None:
    """Return whom a message without a code is about; None when it has a code, or names nobody."""
    if not isinstance(m, ComplaintReported | ViolationReported) or m.credit_code or not m.HasField("respondent"):
        return None
    return Named(m.respondent.name.strip(), m.respondent.region_code, m.respondent.shop.strip())


def _check_named(named: Named) -> None:
    wrong = [
        ("respondent.name", 1 <= len(named.name) <= MAX_RESPONDENT, f"give 1 to {MAX_RESPONDENT} characters"),
        ("respondent.region_code", _REGION.fullmatch(named.region_code), "give six digits of GB/T 2260, or nothing"),
        ("respondent.shop", len(named.shop) <= MAX_RESPONDENT, f"give at most {MAX_RESPONDENT} characters"),
    ]
    for field, holds, fix in wrong:
        if not holds:
            raise invalid(field, fix)
    for field, text in (("respondent.name", named.name), ("respondent.shop", named.shop)):
        if found := found_in(text):
            raise _personal(field, f"it holds {found}: name the enterprise, never a person")


def _normalise(m: ComplaintReported | ViolationReported | VolumeReported) -> None:
    """Bring the code into its normal form; without one, the enterprise must be named."""
    if named := named_in(m):
        _check_named(named)
        return
    told = m.credit_code
    code = credit_code.parse(told)
    if code != told:
        m.credit_code = code


def _check_sealed(m: ComplaintReported) -> None:
    if not is_pseudonym(m.complainant_pseudonym):
        raise _personal("complainant_pseudonym", "give a code of the source's own, no name or number of a person")
    if is_number_of_a_person(m.case_id):
        raise _personal("case_id", "it is a mobile or identity card number: give the case's own number")
    if m.sealed_details and m.sealed_details.count(".") != 4:
        raise _personal("sealed_details", "give a compact JWE to credit's public key, nothing in the clear")


def _past(field: str, day: date, today: date) -> date:
    if day > today:
        raise invalid(field, f"{day} is in the future: today is {today}")
    return day


def _require(rules: Sequence[_Rule], m: Message) -> None:
    wrong = tuple(FieldViolation(field=field, description=fix) for field, holds, fix in rules if not holds(m))
    if wrong:
        raise InvalidInput(f"{wrong[0].field}: {wrong[0].description}", violations=wrong)


def _personal(field: str, description: str) -> PersonalDataInClear:
    violation = FieldViolation(field=field, description=description)
    return PersonalDataInClear(f"{field}: {description}", violations=(violation,))


Check = Callable[[Any, date], None]
