"""Policies in PostgreSQL: drafts, shadows, and what was activated beside the shipped ones."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from services.credit.application.policies import Policies
from services.credit.domain import policy
from services.credit.domain.policy import Policy
from services.credit.domain.policy_life import KeptPolicy, PolicyStage

_COLUMNS = "version, digest, text, effective_from, stage, drafted_by, activated_by"
_SAVE = """
INSERT INTO credit.policy (version, digest, text, effective_from, stage, drafted_by, activated_by)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (version) DO UPDATE SET stage = excluded.stage, activated_by = excluded.activated_by
"""


class PostgresPolicies:
    """Keeps policies inside one transaction."""

    def __init__(self, conn: Connection[Any]) -> None:
        self._conn = conn

    def find(self, version: str) -> KeptPolicy | None:
        """Lock and return a policy."""
        query = f"SELECT {_COLUMNS} FROM credit.policy WHERE version = %s FOR UPDATE"
        row = self._conn.execute(query, [version]).fetchone()
        return _kept(row) if row else None

    def save(self, kept: KeptPolicy) -> None:
        """Write a policy; its text stays as it was first written."""
        told = [
            kept.version,
            kept.digest,
            kept.text,
            kept.effective_from,
            kept.stage,
            kept.drafted_by,
            kept.activated_by,
        ]
        self._conn.execute(_SAVE, told)

    def active(self) -> Sequence[KeptPolicy]:
        """Return the policies that were activated."""
        query = f"SELECT {_COLUMNS} FROM credit.policy WHERE stage = %s ORDER BY effective_from"
        return [_kept(row) for row in self._conn.execute(query, [PolicyStage.ACTIVE]).fetchall()]


def with_activated(shipped: Sequence[Policy], store: PostgresPolicies) -> Policies:
    """Return the shipped policies and those that were activated: a day has the one in force on it."""
    return Policies([*shipped, *(policy.load(kept.text) for kept in store.active())])


def _kept(row: Sequence[Any]) -> KeptPolicy:
    version, digest, text, effective_from, stage, drafted_by, activated_by = row
    return KeptPolicy(
        version=version,
        digest=digest,
        text=text,
        effective_from=effective_from,
        stage=PolicyStage(stage),
        drafted_by=drafted_by,
        activated_by=activated_by,
    )
