"""What PostgreSQL keeps of a subject beside its accounts, for who writes it anew (application/mend_scores.py)."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg import Connection

from services.common.db.arrays import array
from services.credit.adapters.fact_rows import placed_row
from services.credit.adapters.postgres_ledger import PostgresLedger
from services.credit.application.apply_events import by_fact
from services.credit.domain.carrying import heirs_of
from services.credit.domain.facts import Fact
from services.credit.domain.folding import fold

_FACTS = """
SELECT f.fact_id FROM credit.fact f JOIN credit.subject s ON s.id = f.subject_id WHERE s.code = %(code)s
UNION SELECT fact_id FROM credit.assertion WHERE code = %(code)s AND retracted_at IS NULL
ORDER BY 1
"""
_REVISION = """
SELECT greatest((SELECT max(revision) FROM credit.record_revision WHERE code = %(code)s),
                (SELECT max(revision) FROM credit.public_record WHERE code = %(code)s), 0)
"""
_HEIRS = "SELECT 'registration:' || heir FROM credit.split_told WHERE origin = %s ORDER BY heir"
_CODES = "SELECT DISTINCT code FROM credit.assertion WHERE fact_id = ANY(%s::text[]) AND retracted_at IS NULL"
_STAND = """
SELECT fact_id, subject_id, kind, occurred_on, weighs, status, response, problem_type, complainant, judgement
FROM credit.fact WHERE fact_id = ANY(%s::text[])
"""


class PostgresDerived:
    """Reads and clears inside one transaction."""

    def __init__(self, conn: Connection[Any]) -> None:
        self._conn = conn

    def facts(self, code: str) -> Sequence[str]:
        """Return the facts that stand with a subject, and those of which an account names it."""
        return [row[0] for row in self._conn.execute(_FACTS, {"code": code})]

    def clear(self, code: str) -> None:
        """Empty the state of a subject; its registration stays, for whom it is linked to."""
        self._conn.execute("UPDATE credit.subject SET cells = '', detail = '', shared = '' WHERE code = %s", [code])

    def last_revision(self, code: str) -> int:
        """Return the highest revision that was ever published of a subject; 0 when none was."""
        row = self._conn.execute(_REVISION, {"code": code}).fetchone()
        return int(row[0]) if row else 0

    def heirs(self, code: str) -> tuple[str, ...]:
        """Return who was split off from a subject, as the registrations say."""
        told = by_fact(PostgresLedger(self._conn).assertions([row[0] for row in self._conn.execute(_HEIRS, [code])]))
        return heirs_of(code, [fact.body for accounts in told.values() if (fact := fold(accounts))], date.max)

    def standing_otherwise(self, placed: Sequence[tuple[Fact, int]]) -> Sequence[tuple[Fact, int]]:
        """Return those of some facts that stand elsewhere, or with other values."""
        ids = array("text", [fact.fact_id for fact, _ in placed])
        standing = {row[0]: row for row in self._conn.execute(_STAND, [ids])}
        return [one for one in placed if standing.get(one[0].fact_id) != placed_row(*one)]


def codes_of(conn: Connection[Any], fact_ids: Sequence[str]) -> set[str]:
    """Return whom accounts of some facts name."""
    return {row[0] for row in conn.execute(_CODES, [array("text", fact_ids)])}
