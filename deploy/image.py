"""Takes the steps of deploy/Dockerfile without Docker: `python -m deploy.image` (`make image-check`).

In a temporary folder it lays out what the Dockerfile copies, makes the environment from requirements.lock alone, and
starts each service's `check-config`, which loads all its roles, the command line and the health check there: so the
image lacks nothing that they load. It says nothing about the base image, which only a daemon can run.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
COMMANDS = (
    ("registry", "check-config"),
    ("credit", "check-config"),
    ("search", "check-config"),
    ("portal", "check-config"),
    ("--help",),
)


def instructions(dockerfile: Path = DOCKERFILE) -> Iterator[tuple[str, str]]:
    """Yield each instruction of a Dockerfile with its arguments; comments are left out, continued lines joined."""
    lines = (line for line in dockerfile.read_text().splitlines() if not line.lstrip().startswith("#"))
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, rest = line.strip().partition(" ")
        if name:
            yield name.upper(), " ".join(rest.split())


def copied(dockerfile: Path = DOCKERFILE) -> list[tuple[str, str]]:
    """Return from where to where the Dockerfile copies out of the repository, both as it writes them."""
    told = [rest.split() for name, rest in instructions(dockerfile) if name == "COPY" and "--from" not in rest]
    return [(source, target) for *sources, target in told for source in sources]


def lay_out(folder: Path) -> None:
    """Put into a folder what the Dockerfile copies into its own."""
    for source, target in copied():
        place = folder / target / Path(source).name if target.endswith("/") else folder / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / source, place)


def install(folder: Path) -> None:
    """Make the environment from the lock alone, as the Dockerfile does."""
    run([sys.executable, "-m", "venv", "--without-pip", str(folder / ".venv")], folder)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / ".venv" / "bin" / "python"), "install", "--quiet"]
    wheels = ["--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
    run([*pip, *wheels, "-r", str(folder / "requirements.lock")], folder)


def start(folder: Path) -> None:
    """Start what an image is started with, as its entrypoint does; raises CalledProcessError when one cannot."""
    for arguments in COMMANDS:
        run([str(folder / "bin" / "merchant-credit"), *arguments], folder)
    path = f"{folder}:{folder / 'protos' / 'gen'}"
    run([str(folder / ".venv" / "bin" / "python"), "-m", "services.common.probe", "serving"], folder, PYTHONPATH=path)


def run(command: Sequence[str], folder: Path, **environment: str) -> None:
    """Run a command in a folder, with nothing of the caller's environment but PATH and the packages' settings."""
    kept = {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("PIP_")}
    subprocess.run(command, cwd=folder, env=kept | environment, stdout=subprocess.DEVNULL, check=True)


def main() -> int:
    """Take all steps."""
    with tempfile.TemporaryDirectory(prefix="merchant-credit-image-") as made:
        folder = Path(made)
        lay_out(folder)
        install(folder)
        start(folder)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        print(
            f"the image's steps were taken: {len(copied())} copies, {size / 1e6:.0f} MB, {len(COMMANDS)} commands started"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
