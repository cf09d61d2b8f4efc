"""Drafts, shadows and activates policies; what is activated is in force from its day on, and none is ever changed."""

from collections.abc import Sequence
from typing import Protocol

from services.common.auth.actor import Actor, Role
from services.common.clock import Clock, china_day
from services.common.errors import AlreadyExists, FieldViolation, Forbidden, InvalidInput, NotFound
from services.credit.domain import examples, policy, policy_life
from services.credit.domain.policy import Policy
from services.credit.domain.policy_life import KeptPolicy, PolicyStage


class PolicyStore(Protocol):
    """Keeps policies inside one transaction."""

    def find(self, version: str) -> KeptPolicy | None:
        """Lock and return a policy."""
        ...

    def save(self, kept: KeptPolicy) -> None:
        """Write a policy; its text stays as it was first written."""
        ...

    def active(self) -> Sequence[KeptPolicy]:
        """Return the policies that were activated."""
        ...


class ManagePolicies:
    """The use cases of a policy's life, each in the caller's transaction; only a regulator may."""

    def __init__(self, store: PolicyStore, shipped: Sequence[Policy], clock: Clock) -> None:
        self._store = store
        self._shipped = {one.version: one.digest for one in shipped}
        self._clock = clock

    def draft(self, actor: Actor, text: str) -> KeptPolicy:
        """Keep a draft; raises InvalidInput for a fault or a failing example, AlreadyExists for a used version."""
        _require_regulator(actor)
        read = policy.load(text)
        examples.check(read)
        today = china_day(self._clock.now())
        if read.effective_from <= today:
            raise _invalid(
                "effective_from", f"{read.effective_from} is not after {today}: earlier days are not restated"
            )
        before = self._store.find(read.version)
        used = before.digest if before else self._shipped.get(read.version)
        if used not in {None, read.digest}:
            raise AlreadyExists(f"policy {read.version} exists with another text: give the draft a new version")
        return before or self._keep(
            KeptPolicy(
                version=read.version, digest=read.digest, text=text, effective_from=read.effective_from,
                stage=PolicyStage.DRAFT, drafted_by=actor.subject,
            )
        )  # fmt: skip

    def shadow(self, actor: Actor, version: str) -> KeptPolicy:
        """Let a draft be scored beside the policy in force, published to nobody."""
        _require_regulator(actor)
        return self._keep(policy_life.shadow(self._find(version)))

    def activate(self, actor: Actor, version: str) -> KeptPolicy:
        """Bring a shadow into force from its day on; its examples must still hold."""
        _require_regulator(actor)
        kept = self._find(version)
        examples.check(policy.load(kept.text))
        return self._keep(policy_life.activate(kept, actor.subject, china_day(self._clock.now())))

    def _find(self, version: str) -> KeptPolicy:
        found = self._store.find(version)
        if found is None:
            raise NotFound(
                f"there is no policy {version[:64]!r}",
                metadata={"resource_type": "Policy", "resource_name": version[:64]},
            )
        return found

    def _keep(self, kept: KeptPolicy) -> KeptPolicy:
        self._store.save(kept)
        return kept


def _require_regulator(actor: Actor) -> None:
    if not actor.has(Role.REGULATOR):
        raise Forbidden("only a regulator drafts, shadows and activates policies")


def _invalid(field: str, description: str) -> InvalidInput:
    return InvalidInput(f"{field}: {description}", violations=(FieldViolation(field=field, description=description),))
