"""Submissions and receipts in PostgreSQL."""

from services.common.auth.actor import Actor
from services.common.db.pool import Pool
from services.common.errors import NotFound, RequestIdReused
from services.common.eventlog import outbox
from services.common.eventlog.port import Message
from services.credit.application.told import Receipt, Told, Verdict


class PostgresSubmissions:
    """Keeps submissions until the worker has come to them, and tells what became of events."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def hand_in(self, actor: Actor, told: Told, message: Message) -> None:
        """Keep a submission and append its message; see the port."""
        with self._pool.connection() as conn:
            kept = conn.execute(
                "INSERT INTO credit.submission (source, event_id, digest, subject) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT DO NOTHING",
                [*told.key, told.digest, actor.subject],
            ).rowcount
            if kept:
                outbox.append(conn, [message])
                return
            row = conn.execute(
                "SELECT digest FROM credit.submission WHERE source = %s AND event_id = %s", list(told.key)
            ).fetchone()
        if row is None or bytes(row[0]) != told.digest:
            raise RequestIdReused("this request_id came before with another body: choose a new one")

    def receipt(self, source: str, event_id: str) -> Receipt:
        """Tell what became of an event; raises NotFound when it never came."""
        with self._pool.connection() as conn:
            row = conn.execute(
                "SELECT verdict, coalesce(fact_id, ''), reason, recorded_at FROM credit.inbox"
                " WHERE source = %s AND event_id = %s",
                [source, event_id],
            ).fetchone()
            if row is not None:
                return Receipt(Verdict(row[0]), *row[1:])
            pending = conn.execute(
                "SELECT 1 FROM credit.submission WHERE source = %s AND event_id = %s", [source, event_id]
            ).fetchone()
        if pending is None:
            raise NotFound(
                f"no event {event_id[:64]!r} of {source[:100]!r} ever came",
                metadata={"resource_type": "IntakeEvent", "resource_name": f"{source}/{event_id}"[:300]},
            )
        return Receipt(Verdict.PENDING, "", "", None)
