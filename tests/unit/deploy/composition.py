"""deploy/compose.yaml as its containers: variables put in, secrets read from a folder that deploy.keys made."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.unit.deploy.containers import Container
from tests.unit.deploy.files import ROOT

FILE = ROOT / "deploy" / "compose.yaml"
_VARIABLE = re.compile(r"\$\{([A-Z]+):-([^}]*)\}")


def composition(keys: Path) -> dict[str, Any]:
    """Return the file with its variables' defaults, and KEYS as given."""
    text = _VARIABLE.sub(lambda found: {"KEYS": str(keys)}.get(found[1], found[2]), FILE.read_text())
    told: dict[str, Any] = yaml.safe_load(text)
    return told


def ours(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the services that run our image."""
    return {name: service for name, service in told["services"].items() if "build" in service}


def containers(told: dict[str, Any]) -> list[Container]:
    """Return our containers; a secret lies where compose mounts it."""
    return [
        Container(
            name=name,
            arguments=tuple(service["command"]),
            environment=service.get("environment", {}),
            files={f"/run/secrets/{s}": _text(told["secrets"][s]["file"]) for s in service.get("secrets", [])},
        )
        for name, service in ours(told).items()
    ]


def _text(file: str) -> str:
    # Keys are read as bytes by who needs them; here only a configuration's text matters.
    return Path(file).read_text(errors="replace")
