"""The life of a policy: a draft, a shadow beside the one in force, then active from its day on, by a second person."""

from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum

from services.common.errors import PreconditionFailed


class PolicyStage(IntEnum):
    """Where a policy stands."""

    DRAFT = 1
    SHADOW = 2
    ACTIVE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPolicy:
    """A policy's text as it was handed in, which never changes, where it stands, and who brought it there."""

    version: str
    digest: str
    text: str
    effective_from: date
    stage: PolicyStage
    drafted_by: str
    activated_by: str = ""


def shadow(kept: KeptPolicy) -> KeptPolicy:
    """Let a draft be scored beside the policy in force; raises PreconditionFailed for anything but a draft."""
    _require(kept, PolicyStage.DRAFT, "only a draft becomes a shadow")
    return replace(kept, stage=PolicyStage.SHADOW)


def activate(kept: KeptPolicy, person: str, today: date) -> KeptPolicy:
    """Bring a shadow into force from its day on.

    Raises PreconditionFailed when it is no shadow, when the same person drafted it, or when its day is not ahead: a day that
    was scored is never restated.
    """
    _require(kept, PolicyStage.SHADOW, "only a shadow can be activated: shadow it first")
    if person == kept.drafted_by:
        raise PreconditionFailed(f"policy {kept.version} was drafted by {person}: a second person activates it")
    if kept.effective_from <= today:
        raise PreconditionFailed(
            f"policy {kept.version} is effective from {kept.effective_from}, which is not after {today}: draft a later day"
        )
    return replace(kept, stage=PolicyStage.ACTIVE, activated_by=person)


def _require(kept: KeptPolicy, stage: PolicyStage, rule: str) -> None:
    if kept.stage is not stage:
        raise PreconditionFailed(f"policy {kept.version} is {kept.stage.name}: {rule}")
