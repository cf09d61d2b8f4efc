"""Makes what deploy/compose.yaml reads by file: `python -m deploy.keys` (`make compose-keys`). What is there is kept.

    keys/tokens.pem             signs tokens; it stays with the operator, no container sees it
    keys/tokens.public.pem      checks them; this is all that a server needs
    keys/complainants.key       the secret that stands for complainants
    passwords/NAME              of the database's administrator and of each service's account
    config/SERVICE.toml         the service's dsn with its password
    endpoints.json              the published addresses, and one token a role, for the command line (--state-dir)

The folder is its owner's only. The files in it are readable by all, since a container's user is another one, and what
is mounted is the file and not the way to it.
"""

import argparse
import secrets
from pathlib import Path

from services.common.auth.tokens import load_key
from services.launcher.cluster import CREDIT, PAGE, REGISTRY, SEARCH, SERVICES
from services.launcher.state import State

ADMINISTRATOR = "postgres"
#: The ports that compose.yaml publishes, in the order of the cluster's addresses.
PORT_BASE = 18500


def make(state: State) -> None:
    """Make all files that are missing."""
    for name in ("keys", "passwords", "config"):
        (state.folder / name).mkdir(parents=True, exist_ok=True)
    state.folder.chmod(0o700)
    state.complainant_key()
    addresses = {name: state.address(n) for name, n in (("registry", REGISTRY), ("credit", CREDIT), ("search", SEARCH))}
    state.write_endpoints("", **addresses, portal=state.address(PAGE))
    keys = state.folder / "keys"
    (keys / "tokens.public.pem").write_bytes(load_key(state.key_file).as_pem(private=False))
    for name in (ADMINISTRATOR, *SERVICES):
        _password(state.folder, name)
    for service in SERVICES:
        dsn = f"postgresql://{service}:{_password(state.folder, service)}@postgres:5432/{service}"
        (state.folder / "config" / f"{service}.toml").write_text(f'dsn = "{dsn}"\n')
    for mounted in (keys / "tokens.public.pem", keys / "complainants.key", *state.folder.glob("*/*.toml")):
        mounted.chmod(0o644)


def _password(folder: Path, name: str) -> str:
    file = folder / "passwords" / name
    if not file.exists():
        file.write_text(secrets.token_hex(24))
        file.chmod(0o644)
    return file.read_text()


def main() -> None:
    """Make the files where the command line says."""
    parser = argparse.ArgumentParser(prog="deploy.keys", description=__doc__)
    parser.add_argument("--state-dir", type=Path, default=Path("var/compose"))
    given = parser.parse_args()
    make(State(given.state_dir, PORT_BASE))
    print(f"keys, passwords and addresses are in {given.state_dir}")


if __name__ == "__main__":
    main()
