"""`check-config --for ROLE`: what a role lacks is named before anything is started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def check(service: str, folder: Path, written: str, *words: str) -> tuple[int, str]:
    """Run a service's check-config on a file; return its exit code and all that it said."""
    (config := folder / "c.toml").write_text(written)
    command = [sys.executable, "-m", f"services.{service}", "check-config", "--config", str(config), *words]
    paths = {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, **paths})
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("service", "role", "lacks"),
    [("registry", "relay", "kafka"), ("search", "project", "kafka"), ("portal", "serve", "registry")],
)
def test_what_a_role_lacks_is_named(tmp_path: Path, service: str, role: str, lacks: str) -> None:
    written = 'dsn = "postgresql://x"\nlisten = "127.0.0.1:1"\n'
    assert check(service, tmp_path, written) == (0, "the configuration is well formed\n")
    code, said = check(service, tmp_path, written, "--for", role)
    assert code == 2
    assert said.startswith(f"merchant-credit: configuration key {lacks}: is needed by this role")


def test_a_role_that_lacks_nothing_is_told_so(tmp_path: Path) -> None:
    written = 'dsn = "postgresql://x"\n[kafka]\nbootstrap = "127.0.0.1:1"\n'
    assert check("registry", tmp_path, written, "--for", "relay") == (
        0,
        "the configuration is well formed and has what relay needs\n",
    )
