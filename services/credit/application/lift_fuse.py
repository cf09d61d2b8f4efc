"""Lifts a blown fuse: from then on the policy's own downgrades pass."""

from dataclasses import replace
from typing import Protocol

from services.common.auth.actor import Actor, Role
from services.common.clock import Clock
from services.common.errors import Forbidden, PreconditionFailed
from services.credit.application.manage_policies import not_found
from services.credit.application.policies import Fuse
from services.credit.application.review_burst import check_reason


class Fuses(Protocol):
    """Keeps fuses inside one transaction."""

    def fuse(self, version: str) -> Fuse | None:
        """Lock and return a policy's fuse; None while it is not judged."""
        ...

    def keep_fuse(self, fuse: Fuse) -> None:
        """Write a fuse: judged once, lifted once."""
        ...


class LiftFuse:
    """The use case behind LiftFuse, in the caller's transaction."""

    def __init__(self, store: Fuses, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def execute(self, actor: Actor, version: str, reason: str) -> Fuse:
        """Lift; raises Forbidden, InvalidInput, NotFound, PreconditionFailed. The same person's same reason changes nothing."""
        if not actor.has(Role.REGULATOR):
            raise Forbidden("only a regulator lifts a fuse")
        check_reason(reason)
        fuse = self._store.fuse(version)
        if fuse is None:
            raise not_found("Fuse", version)
        if not fuse.is_blown:
            raise PreconditionFailed(f"the fuse of {version} has not blown: nothing is held back")
        if fuse.lifted_at is not None:
            if (fuse.lifted_by, fuse.reason) == (actor.subject, reason):
                return fuse
            raise PreconditionFailed(f"the fuse of {version} was lifted by {fuse.lifted_by} already")
        lifted = replace(fuse, lifted_by=actor.subject, reason=reason, lifted_at=self._clock.now())
        self._store.keep_fuse(lifted)
        return lifted
