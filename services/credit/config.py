"""Credit's settings: which offices speak under which sources, and where the policies stand."""

from dataclasses import dataclass
from pathlib import Path

from services.credit.application.sources import REVIEW_SOURCE, Source
from services.credit.domain.webhooks.target import Network

POLICY_FOLDER = Path(__file__).parent / "policies"
LAW_FOLDER = Path(__file__).parent / "punishment_law"
MAPPING_FOLDER = Path(__file__).parent / "evaluation"
#: Authorities: 3 a regulator or enforcing office, 2 a complaint system, 1 a platform, 0 a merchant; the greater one's word stands.
SOURCES = (
    Source(prefix="//registry.merchantcredit", office="registry", authority=3),
    Source(prefix="//rpc.merchantcredit/regulator/", office="regulator", authority=3),
    Source(prefix="//rpc.merchantcredit/office/", office="office", authority=3),
    Source(prefix="//rpc.merchantcredit/platform/", office="platform", authority=1),
    Source(prefix="//rpc.merchantcredit/merchant/", office="merchant", authority=0, only_answers=True),
    Source(prefix=REVIEW_SOURCE, office="credit", authority=3, judges=True),
    Source(prefix="//enforcement.", office="enforcement", authority=3),
    Source(prefix="//12315.", office="12315", authority=2),
    Source(prefix="//platform.", office="platform", authority=1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditConfig:
    """Frozen settings.

    Attributes:
        complainant_key: the secret of the HMAC that stands for a complainant; webhooks' secrets are derived from it.
        webhook_networks: networks inside which a webhook may lead, beside the public one.
        webhook_ca_certs: file of the authorities (PEM) that vouch for webhooks' receivers, beside the public ones.
    """

    dsn: str
    complainant_key: bytes
    sources: tuple[Source, ...] = SOURCES
    policy_folder: Path = POLICY_FOLDER
    law_folder: Path = LAW_FOLDER
    webhook_networks: tuple[Network, ...] = ()
    webhook_ca_certs: Path | None = None
