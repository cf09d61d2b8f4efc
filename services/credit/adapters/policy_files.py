"""Policies from their files: read, checked, and their examples run before any of them is used."""

from pathlib import Path

from services.common.errors import PreconditionFailed
from services.credit.application.policies import Policies
from services.credit.domain import examples, policy
from services.credit.domain.policy import Policy


def load_draft(path: Path) -> Policy:
    """Return the policy of one file; raises InvalidInput for a fault, or an example that does not hold."""
    loaded = policy.load(path.read_text(encoding="utf-8"))
    examples.check(loaded)
    return loaded


def load_policies(folder: Path) -> Policies:
    """Return the policies of a folder; raises InvalidInput for one with a fault, PreconditionFailed for none."""
    loaded = [load_draft(path) for path in sorted(folder.glob("*.toml"))]
    if not loaded:
        raise PreconditionFailed(f"there is no scoring policy in {folder}")
    return Policies(loaded)
