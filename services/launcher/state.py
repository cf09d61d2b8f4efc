"""The state folder of the embedded profile: its lock, keys, addresses and tokens."""

import fcntl
import os
import secrets
import socket
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import orjson

from services.common.auth.actor import Actor, Role
from services.common.auth.tokens import issue, load_key, make_key
from services.common.errors import FieldViolation, InvalidInput, PreconditionFailed

TOKEN_SECONDS = 365 * 24 * 3600
#: The first firm of the sample data: the printed merchant token is this merchant's.
SAMPLE_MERCHANT = "91520500MAY297965A"
SERVE, PORTAL, POSTGRES = 0, 1, 2
#: The processes that the launcher starts; named here, so that it need not load what they run.
ROLES = ("serve", "work", "project")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where the parts of a running system answer; written to endpoints.json for the command line."""

    dsn: str
    registry: str
    credit: str
    search: str
    portal: str
    tokens: dict[str, str]


class State:
    """One state folder; only one system runs on it at a time."""

    def __init__(self, folder: Path, port_base: int, metrics_base: int = 0) -> None:
        self.folder = folder.absolute()
        self.port_base = port_base
        self._metrics_base = metrics_base
        self._lock_fd = -1

    @property
    def postgres(self) -> Path:
        """Return the folder of the database."""
        return self.folder / "postgres"

    @property
    def index(self) -> Path:
        """Return the folder of the search index."""
        return self.folder / "index"

    @property
    def logs(self) -> Path:
        """Return the folder of the logs."""
        return self.folder / "log"

    def log_file(self, role: str) -> Path:
        """Return the file of a process's log."""
        return self.logs / f"{role}.log"

    @property
    def key_file(self) -> Path:
        """Return the file of the key that signs tokens."""
        return self.folder / "keys" / "tokens.pem"

    @property
    def endpoints_file(self) -> Path:
        """Return the file of addresses and tokens."""
        return self.folder / "endpoints.json"

    @property
    def loaded_file(self) -> Path:
        """Return the file whose presence says that the sample data are loaded."""
        return self.folder / "sample-loaded"

    def port(self, which: int) -> int:
        """Return the port of a part."""
        return self.port_base + which

    def address(self, which: int) -> str:
        """Return HOST:PORT of a part."""
        return f"127.0.0.1:{self.port(which)}"

    def metrics_address(self, role: str) -> str:
        """Return HOST:PORT on which a process of ROLES, or the `lane` of one, shows its metrics; empty when off."""
        which = (*ROLES, "lane").index(role)
        return f"127.0.0.1:{self._metrics_base + which}" if self._metrics_base else ""

    def lock(self) -> None:
        """Make the folder and take its lock; raises PreconditionFailed when another copy runs on it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        self._lock_fd = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PreconditionFailed(
                f"another copy runs on {self.folder}: stop it, or choose another folder with STATE=…"
            ) from error

    def leave_lock(self) -> None:
        """Let go of the lock in a fork: it is the launcher's, and free as soon as that is gone."""
        os.close(self._lock_fd)

    def check_ports(self, parts: Iterable[int] = (SERVE, PORTAL, POSTGRES)) -> None:
        """Raise PreconditionFailed when a port is taken."""
        for which in parts:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", self.port(which)))
                except OSError as error:
                    raise PreconditionFailed(
                        f"port {self.port(which)} is taken by another program: choose others with PORT_BASE=…"
                    ) from error

    def complainant_key(self) -> bytes:
        """Return the secret of the HMAC that stands for complainants; made at the first start."""
        path = self.folder / "keys" / "complainants.key"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(secrets.token_bytes(32))
        return path.read_bytes()

    def write_endpoints(self, dsn: str, *, registry: str, credit: str, search: str, portal: str) -> Endpoints:
        """Write and return the addresses and one token a role; the file is its owner's only."""
        endpoints = Endpoints(
            dsn=dsn, registry=registry, credit=credit, search=search, portal=f"http://{portal}", tokens=self._tokens()
        )
        self.endpoints_file.touch(mode=0o600)
        self.endpoints_file.write_bytes(orjson.dumps(asdict(endpoints), option=orjson.OPT_INDENT_2))
        return endpoints

    def _tokens(self) -> dict[str, str]:
        make_key(self.key_file)
        key = load_key(self.key_file)
        return {
            role.value: issue(
                key,
                Actor(subject=f"demo-{role}", office=f"demo {role}", roles=frozenset({role})),
                seconds=TOKEN_SECONDS,
            )
            for role in Role
            if role is not Role.PUBLIC
        }


def webhook_ca_certs() -> Path | None:
    """Return the file of the authorities that vouch for webhooks' receivers beside the public ones: WEBHOOK_CA_CERTS, else none."""
    return Path(told) if (told := os.environ.get("WEBHOOK_CA_CERTS")) else None


def webhook_networks() -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks inside which webhooks may lead: none, but for those of WEBHOOK_NETWORKS (CIDR, comma-separated).

    Raises InvalidInput for what is no network.
    """
    try:
        return tuple(map(ip_network, filter(None, os.environ.get("WEBHOOK_NETWORKS", "").split(","))))
    except ValueError as error:
        violation = FieldViolation(field="WEBHOOK_NETWORKS", description="write networks as 10.0.0.0/8,fd00::/8")
        raise InvalidInput(f"WEBHOOK_NETWORKS: {error}", violations=(violation,)) from error
