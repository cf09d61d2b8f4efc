"""The vault: identities and words of complainants under a key per case, so that erasing is destroying the key.

The case's key lies wrapped under one derived from the complainants' secret: a copy of the database without that secret
opens nothing, and a copy of an erased case opens nothing with it.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import Connection

from services.common.auth.seals import derive
from services.common.db.arrays import array, columns

_NONCE = 12
_KEY_BITS = 256
# In the order of their ids, as all locks are taken; a case that was erased keeps its row without a key.
_MAKE_KEYS = """
INSERT INTO credit.case_key (fact_id, wrapped)
SELECT * FROM unnest(%s::text[], %s::bytea[]) AS g (fact_id, wrapped) ORDER BY fact_id ON CONFLICT DO NOTHING
"""
_KEYS = "SELECT fact_id, wrapped FROM credit.case_key WHERE fact_id = ANY(%s::text[]) ORDER BY fact_id FOR SHARE"
_KEEP = """
INSERT INTO credit.vault (fact_id, source, event_id, source_time, sealed)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::bytea[])
"""
_READ = """
SELECT v.fact_id, v.source, v.event_id, v.sealed, k.wrapped FROM credit.vault v JOIN credit.case_key k USING (fact_id)
WHERE v.fact_id = ANY(%s::text[]) AND k.wrapped IS NOT NULL ORDER BY v.source_time, v.event_id
"""
_ERASE = """
INSERT INTO credit.case_key (fact_id, erased_at) VALUES (%s, %s)
ON CONFLICT (fact_id) DO UPDATE SET wrapped = NULL, erased_at = coalesce(case_key.erased_at, excluded.erased_at)
RETURNING erased_at
"""


class Kept(NamedTuple):
    """What one report told of a complainant: serialised ComplainantDetails."""

    fact_id: str
    source: str
    event_id: str
    source_time: datetime
    details: bytes


class Opened(NamedTuple):
    """What a read of the vault gives of one report."""

    fact_id: str
    source: str
    event_id: str
    details: bytes


class CaseVault:
    """Keeps, opens and erases, each in the caller's transaction."""

    def __init__(self, secret: bytes) -> None:
        self._master = AESGCM(derive(secret, "vault/1"))

    def keep(self, conn: Connection, told: Sequence[Kept]) -> None:
        """Keep what was told, but nothing of a case that was erased."""
        if not told:
            return
        cases = sorted({one.fact_id for one in told})
        known = self._keys(conn, cases)
        if missing := [case for case in cases if case not in known]:
            made = [(case, _encrypt(self._master, AESGCM.generate_key(_KEY_BITS), case)) for case in missing]
            conn.execute(_MAKE_KEYS, columns(("text", "bytea"), made))
            known = self._keys(conn, cases)
        rows = [
            (one.fact_id, one.source, one.event_id, one.source_time, _encrypt(key, one.details, _about(one)))
            for one in told
            if (key := known[one.fact_id]) is not None
        ]
        if rows:
            conn.execute(_KEEP, [list(column) for column in zip(*rows, strict=True)])

    def read(self, conn: Connection, fact_ids: Sequence[str]) -> list[Opened]:
        """Return what is kept of some cases, the oldest first; nothing of one that was erased."""
        rows = conn.execute(_READ, [array("text", fact_ids)]).fetchall()
        return [
            Opened(case, source, event_id, _decrypt(self._unwrap(wrapped, case), sealed, f"{source}\n{event_id}"))
            for case, source, event_id, sealed, wrapped in rows
        ]

    def erased_at(self, conn: Connection, fact_id: str) -> datetime | None:
        """Return when a case was erased; None when it was not."""
        row = conn.execute("SELECT erased_at FROM credit.case_key WHERE fact_id = %s", [fact_id]).fetchone()
        return row[0] if row else None

    def erase(self, conn: Connection, fact_id: str, at: datetime) -> datetime:
        """Destroy the key of a case, or see to it that it never gets one; returns when that was done first."""
        row = conn.execute(_ERASE, [fact_id, at]).fetchone()
        if row is None:
            raise LookupError(fact_id)
        erased_at: datetime = row[0]
        return erased_at

    def _keys(self, conn: Connection, cases: Sequence[str]) -> dict[str, AESGCM | None]:
        rows = conn.execute(_KEYS, [array("text", cases)]).fetchall()
        return {case: self._unwrap(wrapped, case) if wrapped else None for case, wrapped in rows}

    def _unwrap(self, wrapped: bytes, case: str) -> AESGCM:
        return AESGCM(_decrypt(self._master, wrapped, case))


def _encrypt(key: AESGCM, plain: bytes, about: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + key.encrypt(nonce, plain, about.encode())


def _decrypt(key: AESGCM, sealed: bytes, about: str) -> bytes:
    return key.decrypt(bytes(sealed[:_NONCE]), bytes(sealed[_NONCE:]), about.encode())


def _about(one: Kept) -> str:
    return f"{one.source}\n{one.event_id}"
