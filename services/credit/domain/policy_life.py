"""The life of a policy: a draft, a shadow beside the one in force, approved by a second person, then active from its day on."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import IntEnum

from services.common.errors import PreconditionFailed

#: How long before its first day a policy must be activated: every process has taken it in by then.
LEAD = timedelta(hours=1)


class PolicyStage(IntEnum):
    """Where a policy stands; numbers as in the proto."""

    DRAFT = 1
    SHADOW = 2
    ACTIVE = 3
    APPROVED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPolicy:
    """A policy's text as it was handed in, which never changes, where it stands, who brought it there, and on which runs."""

    version: str
    digest: str
    text: str
    effective_from: date
    stage: PolicyStage
    drafted_by: str
    approved_by: str = ""
    activated_by: str = ""
    approved_run: int | None = None
    activated_run: int | None = None


def shadow(kept: KeptPolicy) -> KeptPolicy:
    """Let a draft be scored beside the policy in force; a shadow may be scored anew. Raises PreconditionFailed otherwise."""
    if kept.stage is PolicyStage.SHADOW:
        return kept
    _require(kept, PolicyStage.DRAFT, "only a draft becomes a shadow")
    return replace(kept, stage=PolicyStage.SHADOW)


def check_approvable(kept: KeptPolicy, person: str) -> None:
    """Raise PreconditionFailed when it is no shadow, or when the same person drafted it."""
    _require(kept, PolicyStage.SHADOW, "only a shadow can be approved: shadow it first")
    _second(kept, person, "approves")


def approve(kept: KeptPolicy, person: str, run: int) -> KeptPolicy:
    """Approve a shadow on a back-test; raises as check_approvable."""
    check_approvable(kept, person)
    return replace(kept, stage=PolicyStage.APPROVED, approved_by=person, approved_run=run)


def check_activatable(kept: KeptPolicy, person: str, first_moment: datetime, now: datetime) -> None:
    """Raise PreconditionFailed when it is not approved, when the same person drafted it, or when its day is not ahead.

    A day that was scored is never restated; `first_moment` is when its day begins.
    """
    _require(
        kept, PolicyStage.APPROVED, "only an approved policy can be activated: let a second person approve it first"
    )
    _second(kept, person, "activates")
    if now + LEAD > first_moment:
        raise PreconditionFailed(
            f"policy {kept.version} is effective from {kept.effective_from}, which is not {LEAD} ahead: draft a later day"
        )


def activate(kept: KeptPolicy, person: str, run: int) -> KeptPolicy:
    """Bring an approved policy into force from its day on; check_activatable comes first."""
    return replace(kept, stage=PolicyStage.ACTIVE, activated_by=person, activated_run=run)


def _second(kept: KeptPolicy, person: str, does: str) -> None:
    if person == kept.drafted_by:
        raise PreconditionFailed(f"policy {kept.version} was drafted by {person}: a second person {does} it")


def _require(kept: KeptPolicy, stage: PolicyStage, rule: str) -> None:
    if kept.stage is not stage:
        raise PreconditionFailed(f"policy {kept.version} is {kept.stage.name}: {rule}")
