"""Policies in PostgreSQL: drafts, shadows, what was activated beside the shipped ones, and their fuses."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from services.common.errors import PreconditionFailed
from services.credit.application.policies import Fuse, Policies
from services.credit.domain import policy
from services.credit.domain.policy import Policy
from services.credit.domain.policy_life import KeptPolicy, PolicyStage

_COLUMNS = """
version, digest, text, effective_from, stage, drafted_by, approved_by, activated_by, approved_run, activated_run
"""
_SAVE = f"""
INSERT INTO credit.policy ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (version) DO UPDATE
SET stage = excluded.stage, approved_by = excluded.approved_by, activated_by = excluded.activated_by,
    approved_run = excluded.approved_run, activated_run = excluded.activated_run
"""
_FUSE_COLUMNS = "version, day, rated, downgraded, limit_permille, judged_at, lifted_by, reason, lifted_at"
_KEEP_FUSE = f"""
INSERT INTO credit.policy_fuse AS f ({_FUSE_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (version) DO UPDATE
SET lifted_by = excluded.lifted_by, reason = excluded.reason, lifted_at = excluded.lifted_at WHERE f.lifted_at IS NULL
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
            kept.version, kept.digest, kept.text, kept.effective_from, kept.stage, kept.drafted_by, kept.approved_by,
            kept.activated_by, kept.approved_run, kept.activated_run,
        ]  # fmt: skip
        self._conn.execute(_SAVE, told)

    def active(self) -> Sequence[KeptPolicy]:
        """Return the policies that were activated."""
        query = f"SELECT {_COLUMNS} FROM credit.policy WHERE stage = %s ORDER BY effective_from"
        return [_kept(row) for row in self._conn.execute(query, [PolicyStage.ACTIVE]).fetchall()]

    def all(self) -> Sequence[KeptPolicy]:
        """Return every policy that was handed in."""
        return [_kept(row) for row in self._conn.execute(f"SELECT {_COLUMNS} FROM credit.policy").fetchall()]

    def fuse(self, version: str) -> Fuse | None:
        """Lock and return a policy's fuse; None while it is not judged."""
        query = f"SELECT {_FUSE_COLUMNS} FROM credit.policy_fuse WHERE version = %s FOR UPDATE"
        row = self._conn.execute(query, [version]).fetchone()
        return _fuse(row) if row else None

    def fuses(self) -> Sequence[Fuse]:
        """Return the fuses of all policies."""
        return [_fuse(row) for row in self._conn.execute(f"SELECT {_FUSE_COLUMNS} FROM credit.policy_fuse").fetchall()]

    def keep_fuse(self, fuse: Fuse) -> None:
        """Write a fuse: judged once, lifted once."""
        told = [fuse.version, fuse.day, fuse.rated, fuse.downgraded, fuse.limit_permille, fuse.judged_at]
        self._conn.execute(_KEEP_FUSE, [*told, fuse.lifted_by, fuse.reason, fuse.lifted_at])

    def versions(self) -> frozenset[str]:
        """Return the versions that were activated."""
        query = "SELECT version FROM credit.policy WHERE stage = %s"
        return frozenset(row[0] for row in self._conn.execute(query, [PolicyStage.ACTIVE]).fetchall())


def refresh(conn: Connection[Any], policies: Policies) -> None:
    """Take into the policies what was activated and lifted; a policy's text is read once, since it never changes."""
    store = PostgresPolicies(conn)
    activated = store.versions()
    shipped = {one.version for one in policies.shipped}
    if activated - policies.versions:
        known = [policy.load(kept.text) for kept in store.active()]
    else:
        known = [policies.version(version) for version in sorted(activated - shipped)]
    policies.take(known, store.fuses())


def claim(conn: Connection[Any], used: Sequence[Policy]) -> None:
    """Note that policies are used from now on; raises PreconditionFailed for one that was used with another text."""
    for one in used:
        conn.execute(
            "INSERT INTO credit.policy_used (version, digest) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [one.version, one.digest],
        )
    before = dict(conn.execute("SELECT version, digest FROM credit.policy_used").fetchall())
    for one in used:
        if before[one.version] != one.digest:
            raise PreconditionFailed(
                f"policy {one.version} was used with another text: put that text back, and give the change a new version",
                metadata={"policy_version": one.version},
            )


def with_activated(shipped: Sequence[Policy], store: PostgresPolicies) -> Policies:
    """Return the shipped policies and those that were activated: a day has the one in force on it."""
    policies = Policies(shipped)
    policies.take([policy.load(kept.text) for kept in store.active()], store.fuses())
    return policies


def _kept(row: Sequence[Any]) -> KeptPolicy:
    version, digest, text, effective_from, stage, drafted_by, approved_by, activated_by, approved, activated = row
    return KeptPolicy(
        version=version,
        digest=digest,
        text=text,
        effective_from=effective_from,
        stage=PolicyStage(stage),
        drafted_by=drafted_by,
        approved_by=approved_by,
        activated_by=activated_by,
        approved_run=approved,
        activated_run=activated,
    )


def _fuse(row: Sequence[Any]) -> Fuse:
    version, day, rated, downgraded, limit_permille, judged_at, lifted_by, reason, lifted_at = row
    return Fuse(
        version=version, day=day, rated=rated, downgraded=downgraded, limit_permille=limit_permille,
        judged_at=judged_at, lifted_by=lifted_by, reason=reason, lifted_at=lifted_at,
    )  # fmt: skip
