"""What the registry's use cases need of the world."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from services.common.auth.actor import Actor
from services.registry.domain.enterprise import Enterprise


@dataclass(frozen=True, slots=True)
class Registered:
    """An enterprise at its revision; a higher revision replaces a lower one."""

    enterprise: Enterprise
    revision: int

    @property
    def etag(self) -> str:
        """Return the tag of this state (AIP-154)."""
        return f"r{self.revision}"


class Register(Protocol):
    """The register, inside one transaction."""

    def answered(self, actor: Actor, request_id: str, digest: bytes) -> bytes | None:
        """Return the answer kept for a request id, or None and keep the id for this digest.

        Raises RequestIdReused when the id came before with another digest.
        """
        ...

    def keep_answer(self, actor: Actor, request_id: str, answer: bytes) -> None:
        """Keep the answer to give when the request id comes again."""
        ...

    def lock(self, codes: Sequence[str]) -> Mapping[str, Registered]:
        """Return what is registered under codes and lock it, in the order of the codes."""
        ...

    def lock_splits(self) -> None:
        """Let one split at a time be decided: whether it closes a ring hangs on rows that it does not lock."""
        ...

    def read(self, code: str) -> Registered | None:
        """Return what is registered under a code, without a lock."""
        ...

    def save(self, actor: Actor, registered: Sequence[Registered]) -> None:
        """Write new revisions, their history, and their events, in this transaction."""
        ...


class Registers(Protocol):
    """Opens transactions on the register, and reads it."""

    def transaction(self) -> AbstractContextManager[Register]:
        """Return a transaction: it commits when the block ends well, else nothing is written."""
        ...

    def get(self, code: str) -> Registered | None:
        """Return one enterprise."""
        ...

    def page(self, *, region_prefix: str, after: str, limit: int) -> Sequence[Registered]:
        """Return enterprises of a region in the order of their codes, after a code."""
        ...
