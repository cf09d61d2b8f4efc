"""Loads the sample data of the repository: invented firms and generated streams, through the same doors as anybody's."""

import subprocess
import sys
from pathlib import Path

from services.common.errors import DependencyUnavailable
from services.launcher.state import State

SAMPLES = Path(__file__).parents[2] / "samples"
#: What is loaded, in this order; the order is for speed only, an event may come before its enterprise.
FILES = (
    ("registry", "registry.csv"),
    ("volumes", "volumes.jsonl"),
    ("violations", "violations.jsonl"),
    ("complaints", "complaints.jsonl"),
)


def load_sample(state: State) -> None:
    """Load all sample files and note that it was done; a repeated load changes nothing.

    Raises DependencyUnavailable when a file does not load.
    """
    for kind, name in FILES:
        command = [
            sys.executable,
            "-m",
            "services.cli",
            "load",
            kind,
            str(SAMPLES / name),
            "--state-dir",
            str(state.folder),
        ]
        if subprocess.run(command, check=False).returncode != 0:  # noqa: S603 - our own interpreter and module
            raise DependencyUnavailable(f"the sample file {name} did not load: see above")
    state.loaded_file.touch()
