"""Between the intake protos and the domain's bodies: strict on the way in, plain on the way back from the ledger."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

from merchantcredit.events.v1.complaint_pb2 import ComplaintReported
from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot
from merchantcredit.events.v1.listing_pb2 import ListingReported
from merchantcredit.events.v1.violation_pb2 import DecisionState, Severity, ViolationReported
from merchantcredit.events.v1.volume_pb2 import VolumeReported

from services.common.kernel.day import parse_month
from services.credit.domain.cases.answers import Answer, Category
from services.credit.domain.facts import CARRIED, Body, Complaint, FactKind, Penalty, Registration, Volume
from services.credit.domain.listed import Listed

_fromisoformat = lru_cache(maxsize=16384)(date.fromisoformat)


def _day(text: str) -> date | None:
    return _fromisoformat(text) if text else None


def complaint(m: ComplaintReported) -> Complaint:
    """Return a complaint."""
    received = _fromisoformat(m.received_on)
    status_on = _fromisoformat(m.status_on) if m.status_on else received
    return Complaint(
        m.credit_code, m.case_id, m.kind, m.status, received, status_on, m.response, m.problem_type, m.platform_code,
        m.case_source, m.handling_office, m.reason_code, m.target, _answer(m), _day(m.check_extended_on),
        m.complainant_pseudonym, m.judgement, m.complainant_mark, m.review_id,
    )  # fmt: skip


def _answer(m: ComplaintReported) -> Answer | None:
    if not m.HasField("answer"):
        return None
    told = m.answer
    return Answer(
        Category(told.category), _fromisoformat(told.answered_on), told.public_statement, told.right_credit_code
    )


def penalty(m: ViolationReported) -> Penalty:
    """Return a penalty."""
    return Penalty(
        m.credit_code, m.document_number, m.penalty_kind, m.severity,
        m.fine_fen if m.HasField("fine_fen") else None, m.confiscated_fen if m.HasField("confiscated_fen") else None,
        _fromisoformat(m.decided_on), m.conduct_type, m.authority_name, m.legal_basis, m.state,
    )  # fmt: skip


def put_details(m: ViolationReported, body: Penalty) -> None:
    """Put into the last account of a penalty what stands of it, of all accounts together."""
    m.severity, m.state = Severity.ValueType(body.severity), DecisionState.ValueType(body.state)
    m.conduct_type, m.authority_name, m.legal_basis = body.conduct_type, body.authority_name, body.legal_basis
    if body.fine_fen is not None:
        m.fine_fen = body.fine_fen
    if body.confiscated_fen is not None:
        m.confiscated_fen = body.confiscated_fen


def volume(m: VolumeReported) -> Volume:
    """Return a volume."""
    return Volume(m.credit_code, m.platform_code, parse_month(m.month, "month"), m.orders)


def registration(m: EnterpriseSnapshot) -> Registration:
    """Return a registration."""
    return Registration(
        m.credit_code, m.name, m.enterprise_type, m.region_code, m.address, m.business_scope,
        _day(m.established_on), m.status, _day(m.status_since), m.revision, m.merged_into, _day(m.merged_on),
        m.split_from, _day(m.split_on),
    )  # fmt: skip


def listed(m: ListingReported) -> Listed:
    """Return a published listing."""
    return Listed(
        m.credit_code, m.listing_id, m.list_id, m.title, _fromisoformat(m.since), _day(m.until), m.is_revoked,
        m.is_objected, m.lowers_grade, _day(m.repair_on), m.document_number, m.office, m.legal_basis, m.revision,
    )  # fmt: skip


def told_listing(body: Listed) -> ListingReported:
    """Return a published listing as the ledger keeps it."""
    return ListingReported(
        credit_code=body.code, listing_id=body.listing_id, list_id=body.list_id, title=body.title,
        since=body.since.isoformat(), until=body.until.isoformat() if body.until else "", is_revoked=body.revoked,
        is_objected=body.objected, lowers_grade=body.lowers,
        repair_on=body.repair_on.isoformat() if body.repair_on else "", document_number=body.document_number,
        office=body.office, legal_basis=body.legal_basis, revision=body.revision,
    )  # fmt: skip


def from_ledger(kind: int, data: bytes) -> Body:
    """Return the body of an assertion as the ledger keeps it."""
    message, read = _READERS[kind % CARRIED]
    return read(message(data))


def with_code(kind: int, data: bytes, code: str) -> bytes:
    """Return an account as the ledger would keep it had it come with a code."""
    message = _READERS[kind][0](data)
    message.credit_code = code
    kept: bytes = message.SerializeToString()
    return kept


def carried(kind: int, data: bytes, owner: str, heir: str) -> bytes:
    """Return an account of an owner's fact as the ledger keeps it of the fact that its heir carries.

    That it was not the shop of who had it before is no answer of the heir's (folding.py), so that is left out.
    """
    message = _READERS[kind][0](data)
    if kind == FactKind.COMPLAINT and message.credit_code != owner and _is_not_mine(message):
        message.ClearField("answer")
    message.credit_code = heir
    kept: bytes = message.SerializeToString()
    return kept


def _is_not_mine(m: ComplaintReported) -> bool:
    return m.HasField("answer") and Category(m.answer.category) is Category.NOT_MY_SHOP


_READERS: dict[int, tuple[Callable[[bytes], Any], Callable[[Any], Body]]] = {
    FactKind.COMPLAINT: (ComplaintReported.FromString, complaint),
    FactKind.PENALTY: (ViolationReported.FromString, penalty),
    FactKind.VOLUME: (VolumeReported.FromString, volume),
    FactKind.LISTING: (ListingReported.FromString, listed),
    FactKind.REGISTRATION: (EnterpriseSnapshot.FromString, registration),
}
