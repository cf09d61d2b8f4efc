"""One row of a registry extract to a registration, as extracts write it: unknown is absent, never zero and never guessed."""

from collections.abc import Mapping

from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot, OperatingStatus

from services.cli.loading import values
from services.common.kernel import credit_code, day, region
from services.common.kernel.fen import parse_capital

REQUIRED = ("credit_code", "name")
#: How extracts write that they do not know.
_UNKNOWN = frozenset({"", "N/A", "-", "—", "无", "未知"})
_STATUS = OperatingStatus.DESCRIPTOR
HOME = "贵州"


def of_fields(fields: Mapping[str, str]) -> EnterpriseSnapshot:
    """Return the registration of a row; raises InvalidInput naming the field and the fix."""
    known = {name: "" if value in _UNKNOWN else value for name, value in fields.items()}
    snapshot = EnterpriseSnapshot(
        credit_code=credit_code.parse(known.get("credit_code", "")),
        name=values.text(known.get("name", ""), "name", limit=200, required=True),
        enterprise_type=known.get("enterprise_type", ""),
        region_code=region_code(known),
        address=known.get("address", ""),
        business_scope=known.get("business_scope", ""),
        established_on=_day(known, "established_on"),
        status=status(known.get("status", "")),
        status_since=_day(known, "status_since"),
    )
    _set_capital(snapshot, known)
    return snapshot


def status(text: str) -> OperatingStatus.ValueType:
    """Return the operating status; a row without one is in operation, since extracts list who is."""
    number = values.enum(_STATUS, text, "status")
    return OperatingStatus.ValueType(number or OperatingStatus.OPERATING_STATUS_OPERATING)


def region_code(fields: Mapping[str, str]) -> str:
    """Return the region: as told, else what the city names, else what an address in Guizhou names; empty when unknown."""
    if fields.get("region_code"):
        return fields["region_code"]
    found = region.by_name(fields.get("city", ""))
    # 白云 or 普安 stand in addresses elsewhere too, so only an address of the home province is read
    if found is None and not fields.get("city") and fields.get("province", "").startswith(HOME):
        found = region.by_name(fields.get("address", ""))
    return "" if found is None else found.code


def _set_capital(snapshot: EnterpriseSnapshot, fields: Mapping[str, str]) -> None:
    if fields.get("registered_capital_fen"):
        snapshot.registered_capital_fen = values.fen(fields["registered_capital_fen"], "registered_capital_fen")
        snapshot.capital_currency = fields.get("capital_currency") or "CNY"
        return
    amount = parse_capital(fields.get("capital", ""))
    if amount is not None:
        snapshot.registered_capital_fen = amount.fen
        snapshot.capital_currency = amount.currency


def _day(fields: Mapping[str, str], field: str) -> str:
    found = day.parse_optional_day(fields.get(field, ""), field)
    return "" if found is None else found.isoformat()
