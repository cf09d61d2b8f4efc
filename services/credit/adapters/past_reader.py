"""The past in PostgreSQL: published revisions as they were, and one subject's accounts."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import LiteralString

from services.common.auth.actor import Actor
from services.common.db.pool import Pool
from services.credit.adapters import bodies
from services.credit.adapters.revision_codec import decompress
from services.credit.adapters.verify_store import read_published
from services.credit.application.read_past import Question, Revision
from services.credit.domain.facts import Assertion

_REVISION = """
SELECT record FROM credit.record_revision WHERE code = %s AND recorded_at <= %s
ORDER BY revision DESC LIMIT 1
"""
_ASSERTIONS = """
SELECT fact_id, authority, source_time, event_id, held, kind, body FROM credit.assertion
WHERE fact_id IN (SELECT fact_id FROM credit.assertion WHERE code = %(code)s) AND recorded_at <= %(known_at)s
  AND (retracted_at IS NULL OR retracted_at > %(known_at)s)
"""
_FAMILY = """
WITH RECURSIVE family (code) AS (
    SELECT %s::text
    UNION
    SELECT CASE WHEN t.member = f.code THEN t.into_code ELSE t.member END
    FROM family f JOIN credit.merge_told t ON t.member = f.code OR t.into_code = f.code
)
SELECT code FROM family ORDER BY code
"""
_HEIRS = """
SELECT a.fact_id, a.authority, a.source_time, a.event_id, a.held, a.kind, a.body
FROM credit.split_told t JOIN credit.assertion a ON a.fact_id = 'registration:' || t.heir
WHERE t.origin = %(code)s AND a.recorded_at <= %(known_at)s
  AND (a.retracted_at IS NULL OR a.retracted_at > %(known_at)s)
"""
_NOTE = """
INSERT INTO credit.past_read (subject, code, as_of, known_at, purpose, read_at) VALUES (%s, %s, %s, %s, %s, %s)
"""


class PostgresPast:
    """Reads the past of one subject."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def note(self, actor: Actor, question: Question, at: datetime) -> None:
        """Keep who read what and why."""
        with self._pool.connection() as conn:
            told = [actor.subject, question.code, question.as_of, question.known_at, question.purpose, at]
            conn.execute(_NOTE, told)

    def revision(self, code: str, known_at: datetime) -> Revision | None:
        """Return the revision that was published last by a moment."""
        with self._pool.connection() as conn:
            row = conn.execute(_REVISION, [code, known_at]).fetchone()
        if row is None:
            return None
        record = decompress(row[0])
        message, published = read_published(record)
        until = date.fromisoformat(message.good_until) if message.good_until else None
        return Revision(record=record, published=published, good_until=until)

    def family(self, code: str) -> Sequence[str]:
        """Return all codes of the mergers that were ever told around one."""
        with self._pool.connection() as conn:
            return [row[0] for row in conn.execute(_FAMILY, [code]).fetchall()]

    def assertions(self, code: str, known_at: datetime) -> Sequence[Assertion]:
        """Return the accounts of all facts that were ever the subject's."""
        return self._accounts(_ASSERTIONS, code, known_at)

    def heirs(self, code: str, known_at: datetime) -> Sequence[Assertion]:
        """Return the accounts of the registrations of whoever was ever told to be split off from the subject."""
        return self._accounts(_HEIRS, code, known_at)

    def _accounts(self, query: LiteralString, code: str, known_at: datetime) -> Sequence[Assertion]:
        with self._pool.connection() as conn, conn.cursor(binary=True) as cursor:
            rows = cursor.execute(query, {"code": code, "known_at": known_at}).fetchall()
        return [
            Assertion(fact_id, authority, source_time, event_id, held, bodies.from_ledger(kind, body))
            for fact_id, authority, source_time, event_id, held, kind, body in rows
        ]
