"""The Dockerfile, as far as it can be judged without a daemon: lint, pins, rights, and that its copies are enough."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import image

PINNED = re.compile(r"^[a-z0-9./-]+:\d+\.\d+\.\d+[a-z0-9.-]*$")
#: What has no business in an image that only runs.
BUILD_TOOLS = re.compile(r"\b(gcc|g\+\+|build-essential|make|apt-get|curl|git)\b")


def told(name: str) -> list[str]:
    return [rest for found, rest in image.instructions() if found == name]


def last_stage() -> list[tuple[str, str]]:
    every = list(image.instructions())
    start = max(n for n, (name, _) in enumerate(every) if name == "FROM")
    return every[start:]


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "--no-color", image.DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_stage_stands_on_one_pinned_image() -> None:
    bases = {rest.split()[0] for rest in told("FROM")}
    assert len(bases) == 1
    assert all(PINNED.match(base) for base in bases)


def test_packages_come_by_hash_and_are_never_built() -> None:
    installs = [rest for rest in told("RUN") if "pip" in rest and "install" in rest and "uninstall" not in rest]
    assert len(installs) == 1
    assert "--require-hashes --only-binary :all: -r requirements.lock" in installs[0]


def test_the_image_runs_as_nobody_in_particular_and_holds_nothing_that_builds() -> None:
    stage = last_stage()
    users = [rest for name, rest in stage if name == "USER"]
    assert users == ["10001:10001"]
    assert [rest for name, rest in stage if name == "ENTRYPOINT"] == ['["/app/bin/merchant-credit"]']
    runs = " ".join(rest for name, rest in stage if name == "RUN")
    assert "pip uninstall --yes --quiet pip setuptools wheel" in runs
    assert not BUILD_TOOLS.search(runs)


def test_the_builder_is_shown_what_is_copied_and_nothing_else() -> None:
    lines = (image.DOCKERFILE.parent / "Dockerfile.dockerignore").read_text().splitlines()
    shown = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    assert shown == {source for source, _ in image.copied()}


@pytest.fixture
def laid_out(tmp_path: Path) -> Path:
    """Return a folder with the Dockerfile's copies, and this environment instead of one of its own (make image-check)."""
    image.lay_out(tmp_path)
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    return tmp_path


def test_what_is_copied_is_enough_to_start(laid_out: Path) -> None:
    image.start(laid_out)


def test_what_is_left_out_is_missed(laid_out: Path) -> None:
    shutil.rmtree(laid_out / "services" / "common" / "auth")
    with pytest.raises(subprocess.CalledProcessError):
        image.start(laid_out)
