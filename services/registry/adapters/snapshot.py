"""The registration as EnterpriseSnapshot: what the event carries is what the register keeps."""

from datetime import date

from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot, OperatingStatus

from services.common.kernel.credit_code import CreditCode
from services.registry.application.ports import Registered
from services.registry.domain import enterprise as domain


def to_snapshot(registered: Registered) -> EnterpriseSnapshot:
    """Return the message of an enterprise at its revision."""
    e = registered.enterprise
    return EnterpriseSnapshot(
        credit_code=e.credit_code,
        name=e.name,
        enterprise_type=e.enterprise_type,
        registered_capital_fen=e.capital_fen,
        capital_currency=e.capital_currency,
        region_code=e.region_code,
        address=e.address,
        business_scope=e.business_scope,
        established_on=_text(e.established_on),
        status=OperatingStatus.ValueType(e.status),
        status_since=_text(e.status_since),
        revision=registered.revision,
        merged_into=e.merged_into,
        merged_on=_text(e.merged_on),
        split_from=e.split_from,
        split_on=_text(e.split_on),
    )


def from_bytes(data: bytes) -> Registered:
    """Return the enterprise of a kept message."""
    m = EnterpriseSnapshot.FromString(data)
    kept = domain.Enterprise(
        credit_code=CreditCode(m.credit_code),
        name=m.name,
        enterprise_type=m.enterprise_type,
        capital_fen=m.registered_capital_fen if m.HasField("registered_capital_fen") else None,
        capital_currency=m.capital_currency,
        region_code=m.region_code,
        address=m.address,
        business_scope=m.business_scope,
        established_on=_day(m.established_on),
        status=domain.OperatingStatus(m.status),
        status_since=_day(m.status_since),
        merged_into=m.merged_into,
        merged_on=_day(m.merged_on),
        split_from=m.split_from,
        split_on=_day(m.split_on),
    )
    return Registered(kept, m.revision)


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
