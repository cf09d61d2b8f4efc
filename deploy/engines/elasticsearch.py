"""Elasticsearch: one node of the official server with its core modules, plain or with TLS and API keys."""

import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from elasticsearch import Elasticsearch as Client

from deploy.engines.certificate import write_certificate
from deploy.engines.engine import Launch
from deploy.engines.java import QUICK_START, java_home
from deploy.engines.runner import as_ordinary_user
from deploy.engines.software import elasticsearch_home
from deploy.engines.versions import DEFAULT_ELASTICSEARCH, ELASTICSEARCH, ElasticsearchRelease
from services.common.errors import DependencyUnavailable

USER = "elastic"
SECURE = {
    "xpack.security.enabled": "true",
    "xpack.security.http.ssl.enabled": "true",
    "xpack.security.http.ssl.key": "http.key",
    "xpack.security.http.ssl.certificate": "http.crt",
}


def release_of(version: str = DEFAULT_ELASTICSEARCH) -> ElasticsearchRelease:
    """Return a pinned release; raises DependencyUnavailable naming those that are."""
    if version not in ELASTICSEARCH:
        raise DependencyUnavailable(f"ES_VERSION={version} is not pinned: take one of {', '.join(ELASTICSEARCH)}")
    return ELASTICSEARCH[version]


@dataclass(frozen=True, slots=True, kw_only=True)
class Elasticsearch:
    """Elasticsearch in a folder; clients use `port`, the transport the one after it.

    With `is_secure` it speaks TLS with a certificate of its own making (`certificate`) and asks for credentials.
    """

    folder: Path
    port: int
    software: Path
    release: ElasticsearchRelease
    is_secure: bool = False
    name: str = "elasticsearch"
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def url(self) -> str:
        """Return the URL for clients."""
        return f"{'https' if self.is_secure else 'http'}://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        """Return the certificate that clients must trust, when it is secure."""
        return self._config / "http.crt"

    @property
    def password(self) -> str:
        """Return the password of the first user, when it is secure."""
        return (self.folder / "password").read_text().strip()

    def prepare(self) -> Launch:
        """Write the configuration; the home is shared by all folders and never written."""
        home = elasticsearch_home(self.software, self.release)
        java = java_home(self.release.java)
        for made in (self._config, self.folder / "tmp"):
            made.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        for name in ("log4j2.properties", "jvm.options", "roles.yml", "role_mapping.yml", "users", "users_roles"):
            if not (self._config / name).exists():
                shutil.copy(home / "config" / name, self._config / name)
        settings = self._settings()
        (self._config / "elasticsearch.yml").write_text("".join(f"{name}: {settings[name]}\n" for name in settings))
        environment = {
            "ES_JAVA_HOME": str(java),
            "ES_PATH_CONF": str(self._config),
            "ES_JAVA_OPTS": f"-Xms512m -Xmx512m {QUICK_START}",
            "ES_TMPDIR": str(self.folder.absolute() / "tmp"),
        }
        if self.is_secure and not self.certificate.exists():
            self._secure(home, environment)
        return Launch(command=[str(home / "bin" / "elasticsearch")], environment=environment, refuses_root=True)

    def answer(self) -> str:
        """Ask the node for its version, and wait for a cluster that takes documents."""
        with self.client() as client:
            nodes = client.nodes.info(filter_path="nodes.*.version")["nodes"].values()
            health = client.cluster.health(wait_for_status="yellow", timeout="5s")
            return f"Elasticsearch {next(iter(nodes))['version']} at {self.url}, {health['status']}"

    def client(self) -> Client:
        """Return a client with the first user's rights."""
        if not self.is_secure:
            return Client(self.url, request_timeout=10, max_retries=0)
        return Client(
            self.url,
            basic_auth=(USER, self.password),
            ca_certs=str(self.certificate),
            request_timeout=10,
            max_retries=0,
        )

    @property
    def _config(self) -> Path:
        return self.folder.absolute() / "config"

    def _settings(self) -> dict[str, str]:
        settings = {
            "cluster.name": "merchantcredit",
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": str(self.port),
            "transport.port": str(self.port + 1),
            "path.data": str(self.folder.absolute() / "data"),
            "path.logs": str(self.folder.absolute() / "logs"),
            # A developer's disk is often fuller than 90 %, and then no index would be made at all.
            "cluster.routing.allocation.disk.threshold_enabled": "false",
        }
        return settings | (SECURE if self.is_secure else {"xpack.security.enabled": "false"})

    def _secure(self, home: Path, environment: dict[str, str]) -> None:
        password = secrets.token_urlsafe(24)
        (self.folder / "password").touch(mode=0o600)
        (self.folder / "password").write_text(password)
        keystore = as_ordinary_user([str(home / "bin" / "elasticsearch-keystore")])
        for arguments in (["create"], ["add", "--stdin", "bootstrap.password"]):
            done = subprocess.run(
                [*keystore, *arguments], env=environment, input=password, capture_output=True, text=True, check=False
            )
            if done.returncode != 0:
                raise DependencyUnavailable(f"Elasticsearch's keystore could not be made: {done.stderr}")
        write_certificate(key=self._config / "http.key", certificate=self.certificate)
