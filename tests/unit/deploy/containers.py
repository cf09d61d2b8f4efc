"""A container of ours as compose.yaml or a Kubernetes object tells it, and what must hold for it wherever it is told."""

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from services.common.config import PREFIX, Config, load
from tests.unit.deploy.files import ROOT, Written

SERVICES = ("registry", "credit", "search", "portal")
#: Setup that runs once, and what runs on.
ONCE = {
    ("registry", "migrate"),
    ("credit", "migrate"),
    ("search", "migrate"),
    ("registry", "topics"),
    ("search", "template"),
}
LASTING = {
    ("registry", "serve"), ("registry", "relay"),
    ("credit", "serve"), ("credit", "consume"), ("credit", "webhooks"), ("credit", "relay"),
    ("search", "serve"), ("search", "project"), ("search", "relay"),
    ("portal", "serve"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container: its arguments, its whole environment, and the files that are mounted, by their path inside."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    files: Mapping[str, str]

    @property
    def role(self) -> tuple[str, str]:
        """Return the service and the role."""
        return self.arguments[0], self.arguments[1]

    def config(self, written: Written) -> Config:
        """Return what the real parser makes of its file and environment; raises InvalidInput naming a key."""
        rest = self.arguments[2:]
        assert rest == () or rest[0] == "--config"
        file = written.path(self.files[rest[1]]) if rest else None
        return load(file, self.environment)


@cache
def roles(service: str) -> frozenset[str]:
    """Return the roles that a service's command line knows."""
    command = [sys.executable, "-m", f"services.{service}", "--help"]
    env = {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}", "COLUMNS": "200"}
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=env, cwd=ROOT).stdout
    found = re.search(r"\{([a-z,-]+)\}", told)
    assert found is not None
    return frozenset(found[1].split(","))


def check(container: Container, written: Written) -> None:
    """Hold a container to what must be true of any: a real role, known keys, and only files that it is given."""
    service, role = container.role
    assert role in roles(service), container.name
    config = container.config(written)
    assert set(container.environment) == {name for name in container.environment if name.startswith(PREFIX)}
    for path in (config.token_key, config.complainant_key):
        assert path is None or str(path) in container.files, container.name
    assert role != "serve" or config.listen.startswith("0.0.0.0:"), container.name
    # Where the scrape asks (deploy/observability).
    assert config.metrics == ("0.0.0.0:9464" if container.role in LASTING else ""), container.name
    assert "password" not in " ".join(container.environment).lower(), container.name
