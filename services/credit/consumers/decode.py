"""From records of the log to events of the ledger: envelope, message, checks, and what the ledger keeps of it."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported
from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot
from merchantcredit.events.v1.violation_pb2 import ViolationReported
from merchantcredit.events.v1.volume_pb2 import VolumeReported

from services.common.auth import seals
from services.common.errors import InvalidInput, invalid
from services.common.eventlog import cloudevents
from services.common.eventlog.port import Record
from services.common.eventlog.topics import COMPLAINT, ENTERPRISE, VIOLATION, VOLUME
from services.common.wire import NUL, check_texts
from services.credit.adapters import bodies
from services.credit.application.sources import SourceMap
from services.credit.application.told import Told, Undecodable
from services.credit.consumers import validate, validate_case
from services.credit.consumers.open_seal import open_seal
from services.credit.domain import facts
from services.credit.domain.facts import Assertion, Body, Complaint, Penalty, Volume
from services.credit.domain.policy import Policy

MAX_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class _Kind:
    message: Callable[[], Any]
    check: validate.Check
    body: Callable[[Any], Body]


def _trust(_: Any, __: date) -> None:
    """The registry checked its registrations itself."""


_KINDS = {
    COMPLAINT: _Kind(ComplaintReported, validate.check_complaint, bodies.complaint),
    VIOLATION: _Kind(ViolationReported, validate.check_violation, bodies.penalty),
    VOLUME: _Kind(VolumeReported, validate.check_volume, bodies.volume),
    ENTERPRISE: _Kind(EnterpriseSnapshot, _trust, bodies.registration),
}


class Decoder:
    """Decodes records; knows the sources, the ceilings of the policy, and the secret that hides complainants."""

    def __init__(self, sources: SourceMap, policy: Policy, complainant_key: bytes) -> None:
        self._sources = sources
        self._policy = policy
        self._seal_key = seals.private_key(complainant_key)
        self._complainant_mac = hmac.new(complainant_key, digestmod=hashlib.sha256)

    def hold_over(self, policy: Policy) -> None:
        """Take the ceilings of a policy: what is over them waits for a person."""
        self._policy = policy

    def decode_all(self, records: Sequence[Record], today: date) -> tuple[list[Told], list[Undecodable]]:
        """Return the events and those that cannot be applied, each with the index of its record."""
        told: list[Told] = []
        undecodable: list[Undecodable] = []
        for index, record in enumerate(records):
            try:
                told.append(self.decode(record, today, index))
            except InvalidInput as error:
                undecodable.append(_undecodable(index, record, error))
        return told, undecodable

    def decode(self, record: Record, today: date, index: int = 0) -> Told:
        """Return what one record tells; raises InvalidInput naming the field and the fix."""
        envelope = cloudevents.parse(record.headers)
        kind = _KINDS[record.topic]
        if envelope.event_type != record.topic:
            raise invalid("ce_type", f"this topic takes {record.topic}, not {envelope.event_type[:100]}")
        message = _message(kind, record.value, envelope.content_type)
        kind.check(message, today)
        source = self._sources.find(envelope.source)
        if isinstance(message, ComplaintReported):
            validate_case.check_teller(message, source)
        details = self._hide(message, envelope.source) if isinstance(message, ComplaintReported) else b""
        body = kind.body(message)
        held = self._held_reason(body)
        fact_id = facts.fact_id(body, envelope.source)
        assertion = Assertion(fact_id, source.authority, envelope.time, envelope.event_id, bool(held), body)
        digest = hashlib.sha256(record.value).digest()[:16]
        kept = message.SerializeToString()
        named = validate.named_in(message)
        return Told(
            index, envelope.source, envelope.event_id, digest, source.office, assertion, kept, held, details, named
        )

    def _hide(self, message: ComplaintReported, source: str) -> bytes:
        """Replace the pseudonym by its HMAC under the source whose case it is, take the sealed field out, and open it."""
        details = open_seal(self._seal_key, message.sealed_details)
        message.ClearField("sealed_details")
        if message.complainant_pseudonym:
            mac = self._complainant_mac.copy()
            mac.update(f"{message.case_source or source}\n{message.complainant_pseudonym}".encode())
            message.complainant_pseudonym = mac.hexdigest()[:32]
        return details

    def _held_reason(self, body: Body) -> str:
        match body:
            case Penalty() if max(body.fine_fen or 0, body.confiscated_fen or 0) > self._policy.fine_ceiling_fen:
                return f"fine_fen: over the ceiling of {self._policy.fine_ceiling_fen} fen; are 万元 and 元 confused?"
            case Volume() if body.orders > self._policy.orders_ceiling:
                return f"orders: over the ceiling of {self._policy.orders_ceiling} a month"
            case Complaint() | Penalty() | Volume() | _:
                return ""


def _message(kind: _Kind, value: bytes, content_type: str) -> Message:
    if len(value) > MAX_BYTES:
        raise invalid("data", f"a message holds at most {MAX_BYTES} bytes")
    message: Message = kind.message()
    try:
        if content_type != cloudevents.JSON:
            message.ParseFromString(value)
        else:
            json_format.Parse(value, message)
    except (DecodeError, json_format.ParseError, UnicodeDecodeError) as error:
        raise invalid("data", f"the data are no {type(message).__name__}: {str(error)[:200]}") from error
    message.DiscardUnknownFields()
    if b"\x00" in value or b"\\u0000" in value:  # hardly any value holds either: nothing else is searched
        check_texts(message)
    return message


def _undecodable(index: int, record: Record, error: InvalidInput) -> Undecodable:
    description = "; ".join(f"{v.field}: {v.description}" for v in error.violations) or str(error)
    source, event_id = record.headers.get("ce_source", ""), record.headers.get("ce_id", "")
    digest = hashlib.sha256(record.value).digest()[:16]
    if NUL in source + event_id:
        source = event_id = ""  # nobody can ask for what cannot be kept
    return Undecodable(index, error.reason, description, source[:256], event_id[:256], digest)
