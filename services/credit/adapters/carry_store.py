"""What heirs carry, in PostgreSQL, inside the caller's transaction."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Connection

from services.common.db.arrays import array, columns
from services.credit.adapters import bodies
from services.credit.adapters.subject_rows import rows_of, with_relatives
from services.credit.application.carry_facts import Carriable, Due
from services.credit.application.ports import Subject
from services.credit.application.told import Told
from services.credit.domain.carrying import CARRIABLE, carried_id
from services.credit.domain.facts import CARRIED, Assertion

_CARRIED = sorted(kind + CARRIED for kind in CARRIABLE)
# Whoever comes from an heir may carry what it does; so may who comes from whom an heir was merged into. Links that were told
# once and hold no longer make a look in vain, and a ring of them ends.
_NOTE = """
WITH RECURSIVE given AS (
    SELECT * FROM unnest(%b::text[], %b::text[]) AS g (heir, fact_id)
), below (code, fact_id) AS (
    SELECT heir, fact_id FROM given
    UNION
    SELECT l.code, b.fact_id FROM below b, LATERAL (
        SELECT heir FROM credit.split_told WHERE origin = b.code
        UNION ALL SELECT into_code FROM credit.merge_told WHERE member = b.code
    ) AS l (code)
)
INSERT INTO credit.carry_due (heir, fact_id)
SELECT code, fact_id FROM below b WHERE EXISTS (SELECT FROM credit.split_told s WHERE s.heir = b.code) ORDER BY 1, 2
"""
_FIRST = "SELECT heir FROM credit.carry_due ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
_DUE = "SELECT id, fact_id FROM credit.carry_due WHERE heir = %s ORDER BY id LIMIT %s"
_HEIRS = """
SELECT DISTINCT heir FROM credit.split_told WHERE heir NOT IN (SELECT heir FROM credit.carry_due) ORDER BY heir
"""
_FACTS = """
SELECT f.fact_id, s.code, f.occurred_on FROM credit.fact f JOIN credit.subject s ON s.id = f.subject_id
WHERE f.subject_id = ANY(%(owners)b::bigint[]) AND f.kind = ANY(%(kinds)b::int2[])
"""
_ACCOUNTS = """
SELECT fact_id, authority, source_time, source, event_id, office, held, kind, body FROM credit.assertion
WHERE fact_id = ANY(%b::text[]) AND retracted_at IS NULL
"""
#: So many notes of one heir are gone through at once.
_MOST_DUE = 5000


def note(conn: Connection[Any], due: Iterable[tuple[str, str]]) -> None:
    """Note by heir which fact is to be looked at; an empty fact id stands for all."""
    rows = sorted(due)
    if rows:
        conn.execute(_NOTE, columns(("text", "text"), rows))


class PostgresCarrying:
    """Reads facts and their accounts for who carries them."""

    def __init__(self, conn: Connection[Any]) -> None:
        self._conn = conn

    def note(self, heir: str) -> None:
        """Note that all that an heir carries is to be looked at."""
        note(self._conn, [(heir, "")])

    def heirs(self) -> Sequence[str]:
        """Return who was ever told to be split off; those for whom something is due are left out."""
        return [row[0] for row in self._conn.execute(_HEIRS)]

    def due(self) -> Due | None:
        """Return what is to be looked at for one heir; None when nothing is."""
        first = self._conn.execute(_FIRST).fetchone()
        if first is None:
            return None
        rows = self._conn.execute(_DUE, [first[0], _MOST_DUE]).fetchall()
        return Due(first[0], tuple(row[0] for row in rows), frozenset(row[1] for row in rows))

    def done(self, due: Due) -> None:
        """Forget what was to be looked at."""
        self._conn.execute("DELETE FROM credit.carry_due WHERE id = ANY(%b::bigint[])", [array("int8", due.numbers)])

    def families(self, codes: Sequence[str]) -> Sequence[Subject]:
        """Return some enterprises with their families, without a lock."""
        return with_relatives(self._conn, rows_of(self._conn, codes))

    def facts(self, owners: Sequence[int], fact_ids: Sequence[str]) -> Sequence[Carriable]:
        """Return what can be carried of some owners; of some facts only, when any are given."""
        return self._facts(owners, sorted(CARRIABLE), fact_ids)

    def carried(self, owners: Sequence[int], fact_ids: Sequence[str]) -> Sequence[Carriable]:
        """Return what some heirs carry; of some facts only, when any are given."""
        return self._facts(owners, _CARRIED, fact_ids)

    def _facts(self, owners: Sequence[int], kinds: Sequence[int], fact_ids: Sequence[str]) -> list[Carriable]:
        query = _FACTS + (" AND f.fact_id = ANY(%(ids)b::text[])" if fact_ids else "") + " ORDER BY f.fact_id"
        given = {"owners": array("int8", owners), "kinds": array("int2", kinds), "ids": array("text", fact_ids)}
        with self._conn.cursor(binary=True) as cursor:
            return [Carriable(*row) for row in cursor.execute(query, given)]

    def accounts(self, fact_ids: Sequence[str]) -> Sequence[Told]:
        """Return what was told of some facts, as it is kept."""
        with self._conn.cursor(binary=True) as cursor:
            return [_told(row) for row in cursor.execute(_ACCOUNTS, [array("text", fact_ids)])]

    def copies(self, facts: Sequence[Carriable], heir: str) -> Sequence[Told]:
        """Return the accounts of facts as those of what an heir carries of them."""
        owners = {fact.fact_id: fact.owner for fact in facts}
        with self._conn.cursor(binary=True) as cursor:
            rows = cursor.execute(_ACCOUNTS, [array("text", list(owners))]).fetchall()
        return [_copy(row, owners[row[0]], heir) for row in rows]


def _copy(row: tuple[Any, ...], owner: str, heir: str) -> Told:
    """Return an account as that of what an heir carries; its event id is the heir's own, in the order of the originals."""
    fact_id, *told, source, event_id, office, held, kind, body = row
    kept = bodies.carried(kind, body, owner, heir)
    return _told((carried_id(fact_id, heir), *told, source, f"{heir}:{event_id}", office, held, kind, kept))


def _told(row: tuple[Any, ...]) -> Told:
    fact_id, authority, time, source, event_id, office, held, kind, body = row
    assertion = Assertion(fact_id, authority, time, event_id, held, bodies.from_ledger(kind, body))
    return Told(0, source, event_id, hashlib.sha256(body).digest()[:16], office, assertion, body, "")
