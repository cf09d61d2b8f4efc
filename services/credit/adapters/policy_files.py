"""Policies from their files: read, checked, and their examples run before any of them is used."""

from pathlib import Path

from services.common.errors import PreconditionFailed
from services.credit.application.policies import Policies
from services.credit.domain import examples, policy


def load_policies(folder: Path) -> Policies:
    """Return the policies of a folder; raises InvalidInput for one with a fault, PreconditionFailed for none."""
    loaded = [policy.load(path.read_text()) for path in sorted(folder.glob("*.toml"))]
    if not loaded:
        raise PreconditionFailed(f"there is no scoring policy in {folder}")
    for one in loaded:
        examples.check(one)
    return Policies(loaded)
