"""Drafts, shadows, approves and activates policies; what is activated is in force from its day on, and none is ever changed."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from services.common.auth.actor import Actor, Role
from services.common.clock import Clock, china_day, china_midnight
from services.common.errors import (
    AlreadyExists,
    Forbidden,
    NotFound,
    PreconditionFailed,
    invalid,
)
from services.credit.application.policy_runs import Difference, Run
from services.credit.domain import examples, policy, policy_life
from services.credit.domain.policy import Policy
from services.credit.domain.policy_life import KeptPolicy, PolicyStage

MAX_BYTES = 262_144


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


class Runs(Protocol):
    """Scores everybody by a draft, inside one transaction."""

    def shadow(self, draft: Policy) -> int:
        """Write everybody's score by a draft, published to nobody; return how many."""
        ...

    def backtest(self, draft: Policy, person: str, at: datetime) -> Run:
        """Run a draft beside the policy in force before its first day, on that day, and keep what comes out."""
        ...

    def differences(self, approved: int, now: int) -> Sequence[Difference]:
        """Return who stands otherwise in the second run, with the facts after the first that can have made it."""
        ...


class ManagePolicies:
    """The use cases of a policy's life, each in the caller's transaction; only a regulator may."""

    def __init__(self, store: PolicyStore, shipped: Sequence[Policy], clock: Clock, runs: Runs) -> None:
        self._store = store
        self._shipped = {one.version: one.digest for one in shipped}
        self._first_days = {one.effective_from for one in shipped}
        self._clock = clock
        self._runs = runs

    def draft(self, actor: Actor, text: str, *, validate_only: bool = False) -> KeptPolicy:
        """Keep a draft; raises InvalidInput for a fault or a failing example, AlreadyExists for a used version."""
        _require_regulator(actor)
        if len(text.encode()) > MAX_BYTES:
            raise invalid("text", f"a policy holds at most {MAX_BYTES} bytes")
        read = policy.load(text)
        examples.check(read)
        today = china_day(self._clock.now())
        if read.effective_from <= today:
            raise invalid(
                "effective_from", f"{read.effective_from} is not after {today}: earlier days are not restated"
            )
        before = self._store.find(read.version)
        used = before.digest if before else self._shipped.get(read.version)
        if used not in {None, read.digest}:
            raise AlreadyExists(f"policy {read.version} exists with another text: give the draft a new version")
        made = before or KeptPolicy(
            version=read.version, digest=read.digest, text=text, effective_from=read.effective_from,
            stage=PolicyStage.DRAFT, drafted_by=actor.subject,
        )  # fmt: skip
        return made if validate_only else self._keep(made)

    def shadow(self, actor: Actor, version: str) -> tuple[KeptPolicy, int]:
        """Score everybody by a draft beside the policy in force, published to nobody; return how many too."""
        _require_regulator(actor)
        kept = policy_life.shadow(self._find(version))
        scored = self._runs.shadow(policy.load(kept.text))
        return self._keep(kept), scored

    def approve(self, actor: Actor, version: str) -> KeptPolicy:
        """Approve a shadow on a back-test that is run and kept; the same person again changes nothing."""
        _require_regulator(actor)
        kept = self._find(version)
        if kept.approved_by == actor.subject:
            return kept
        policy_life.check_approvable(kept, actor.subject)
        run = self._runs.backtest(policy.load(kept.text), actor.subject, self._clock.now())
        return self._keep(policy_life.approve(kept, actor.subject, run.run_id))

    def activate(self, actor: Actor, version: str) -> KeptPolicy:
        """Bring an approved policy into force from its day on, if its examples hold and every difference has its fact.

        Raises PreconditionFailed, also when another policy is in force from the same day on.
        """
        _require_regulator(actor)
        kept = self._find(version)
        if kept.activated_by == actor.subject:
            return kept
        now = self._clock.now()
        policy_life.check_activatable(kept, actor.subject, china_midnight(kept.effective_from), now)
        self._check_day_is_free(kept.effective_from)
        draft = policy.load(kept.text)
        examples.check(draft)
        run = self._runs.backtest(draft, actor.subject, now)
        _check_traced(self._runs.differences(kept.approved_run or 0, run.run_id))
        return self._keep(policy_life.activate(kept, actor.subject, run.run_id))

    def _check_day_is_free(self, day: date) -> None:
        if day in self._first_days or any(one.effective_from == day for one in self._store.active()):
            raise PreconditionFailed(f"another policy is effective from {day}: draft another day, days do not overlap")

    def _find(self, version: str) -> KeptPolicy:
        found = self._store.find(version)
        if found is None:
            raise not_found("Policy", version)
        return found

    def _keep(self, kept: KeptPolicy) -> KeptPolicy:
        self._store.save(kept)
        return kept


def not_found(kind: str, version: str) -> NotFound:
    """Return the error of a version that is not there."""
    return NotFound(
        f"there is no {kind} {version[:64]!r}", metadata={"resource_type": kind, "resource_name": version[:64]}
    )


def _check_traced(differences: Sequence[Difference]) -> None:
    """Refuse an activation that would do what no fact explains and nobody approved."""
    untraced = [difference.code for difference in differences if not difference.fact_ids]
    if untraced:
        raise PreconditionFailed(
            f"{len(untraced)} stand otherwise than in the approved run, and no fact after it says why: {untraced[0]} first;"
            " approve a new run",
            metadata={"credit_code": untraced[0]},
        )


def _require_regulator(actor: Actor) -> None:
    if not actor.has(Role.REGULATOR):
        raise Forbidden("only a regulator drafts, shadows, approves and activates policies")
