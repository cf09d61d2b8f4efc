"""Where a running platform answers: var/endpoints.json, which the launcher writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from services.common.errors import FieldViolation, InvalidInput, NotFound

FILE = "endpoints.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The platform's addresses (HOST:PORT), its database, and a token by role; empty where there is none."""

    dsn: str = ""
    registry: str = ""
    credit: str = ""
    search: str = ""
    portal: str = ""
    tokens: Mapping[str, str] = field(default_factory=dict)


def read(state_dir: Path) -> Endpoints:
    """Read the endpoints of a platform; raises NotFound when none runs on the folder, InvalidInput for a broken file."""
    path = state_dir / FILE
    try:
        told = orjson.loads(path.read_bytes())
        return Endpoints(**{name: told[name] for name in Endpoints.__dataclass_fields__ if name in told})
    except FileNotFoundError as error:
        raise NotFound(
            f"{path} does not exist: start the platform (make run), or give --state-dir, or the address itself",
            metadata={"resource_type": "endpoints", "resource_name": str(path)},
        ) from error
    except (orjson.JSONDecodeError, TypeError) as error:
        description = f"{path} is no JSON object of endpoints: start the platform again"
        raise InvalidInput(description, violations=(FieldViolation(field=FILE, description=description),)) from error


def choose(given: str, state_dir: Path, name: str) -> str:
    """Return what the caller gave, else the platform's own; raises NotFound when there is neither."""
    if given:
        return given
    found = str(getattr(read(state_dir), name))
    if not found:
        raise NotFound(f"{state_dir / FILE} names no {name}: give the address itself")
    return found


def token(given: str, state_dir: Path, role: str) -> str:
    """Return the token that the caller gave, else the platform's for a role; raises NotFound when there is neither."""
    found = given or read(state_dir).tokens.get(role, "")
    if not found:
        raise NotFound(f"{state_dir / FILE} has no token of {role}: give --token")
    return found
