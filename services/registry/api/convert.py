"""Between the registry's domain and its protos."""

from merchantcredit.events.v1 import enterprise_pb2
from merchantcredit.registry.v1 import registry_service_pb2 as pb

from services.common.kernel import credit_code
from services.registry.adapters.snapshot import to_snapshot
from services.registry.application.ports import Registered
from services.registry.domain.enterprise import Draft


def to_draft(m: enterprise_pb2.EnterpriseSnapshot) -> Draft:
    """Return what was handed in."""
    return Draft(
        credit_code=m.credit_code,
        name=m.name,
        enterprise_type=m.enterprise_type,
        capital_fen=m.registered_capital_fen if m.HasField("registered_capital_fen") else None,
        capital_currency=m.capital_currency,
        region_code=m.region_code,
        address=m.address,
        business_scope=m.business_scope,
        established_on=m.established_on,
        status=m.status,
        status_since=m.status_since,
    )


def to_message(registered: Registered) -> pb.Enterprise:
    """Return an enterprise for the wire."""
    return pb.Enterprise(
        registration=to_snapshot(registered),
        etag=registered.etag,
        code_warnings=credit_code.warnings(registered.enterprise.credit_code),
    )
