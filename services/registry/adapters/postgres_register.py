"""The register in PostgreSQL: one row an enterprise, its history, and its events in the same transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from psycopg import Connection

from services.common.auth.actor import Actor
from services.common.clock import Clock
from services.common.db.pool import Pool
from services.common.errors import RequestIdReused
from services.common.eventlog import cloudevents, outbox
from services.common.eventlog.port import Message
from services.common.eventlog.topics import ENTERPRISE
from services.registry.adapters.snapshot import from_bytes, to_snapshot
from services.registry.application.ports import Registered

SOURCE = "//registry.merchantcredit"
_SAVE = """
WITH given AS (
    SELECT * FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::bytea[]) AS g (code, region_code, revision, snapshot)
), kept AS (
    INSERT INTO registry.enterprise AS e (code, region_code, revision, snapshot)
    SELECT code, region_code, revision, snapshot FROM given
    ON CONFLICT (code) DO UPDATE
    SET region_code = excluded.region_code, revision = excluded.revision, snapshot = excluded.snapshot
)
INSERT INTO registry.enterprise_revision (code, revision, snapshot, subject, office)
SELECT code, revision, snapshot, %b, %b FROM given
"""


class PostgresRegisters:
    """Opens transactions on the register, and reads it."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    @contextmanager
    def transaction(self) -> Iterator["PostgresRegister"]:
        """Open one transaction."""
        with self._pool.connection() as conn:
            yield PostgresRegister(conn, self._clock)

    def get(self, code: str) -> Registered | None:
        """Return one enterprise."""
        with self.transaction() as register:
            return register.read(code)

    def page(self, *, region_prefix: str, after: str, limit: int) -> Sequence[Registered]:
        """Return a page in the order of the codes."""
        with self._pool.connection() as conn:
            rows = conn.execute(
                "SELECT snapshot FROM registry.enterprise WHERE code > %s AND starts_with(region_code, %s)"
                " ORDER BY code LIMIT %s",
                [after, region_prefix, limit],
            ).fetchall()
        return [from_bytes(row[0]) for row in rows]


class PostgresRegister:
    """The register inside one transaction."""

    def __init__(self, conn: Connection, clock: Clock) -> None:
        self._conn = conn
        self._clock = clock

    def answered(self, actor: Actor, request_id: str, digest: bytes) -> bytes | None:
        """Return the kept answer of a request, or claim the id."""
        claimed = self._conn.execute(
            "INSERT INTO registry.request (subject, request_id, digest) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [actor.subject, request_id, digest],
        ).rowcount
        if claimed:
            return None
        row = self._conn.execute(
            "SELECT digest, answer FROM registry.request WHERE subject = %s AND request_id = %s",
            [actor.subject, request_id],
        ).fetchone()
        if row is None or row[0] != digest:
            raise RequestIdReused("this request_id came before with another body: choose a new one")
        return bytes(row[1])

    def keep_answer(self, actor: Actor, request_id: str, answer: bytes) -> None:
        """Keep the answer of a request."""
        self._conn.execute(
            "UPDATE registry.request SET answer = %s WHERE subject = %s AND request_id = %s",
            [answer, actor.subject, request_id],
        )

    def lock(self, codes: Sequence[str]) -> Mapping[str, Registered]:
        """Return and lock rows in the order of their codes; a code without a row is locked by its hash.

        The advisory lock keeps two first registrations of one code from both deciding on revision 1.
        """
        self._conn.execute(
            "SELECT pg_advisory_xact_lock(h) FROM (SELECT DISTINCT hashtextextended(code, 1) AS h"
            " FROM unnest(%s::text[]) AS code ORDER BY h) AS ordered",
            [list(codes)],
        )
        rows = self._conn.execute(
            "SELECT code, snapshot FROM registry.enterprise WHERE code = ANY(%s)", [list(codes)]
        ).fetchall()
        return {code: from_bytes(snapshot) for code, snapshot in rows}

    def lock_splits(self) -> None:
        """Wait for any other split, and keep the next one waiting; held to the end of the transaction."""
        # Seed 2 keeps this apart from the locks on codes, which have seed 1.
        self._conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('splits', 2))")

    def read(self, code: str) -> Registered | None:
        """Return one enterprise."""
        row = self._conn.execute("SELECT snapshot FROM registry.enterprise WHERE code = %s", [code]).fetchone()
        return from_bytes(row[0]) if row else None

    def save(self, actor: Actor, registered: Sequence[Registered]) -> None:
        """Write rows, history and events."""
        if not registered:
            return
        snapshots = [to_snapshot(r).SerializeToString() for r in registered]
        self._conn.execute(
            _SAVE,
            [
                [r.enterprise.credit_code for r in registered],
                [r.enterprise.region_code for r in registered],
                [r.revision for r in registered],
                snapshots,
                actor.subject,
                actor.office,
            ],
        )
        now = self._clock.now()
        outbox.append(
            self._conn,
            [
                Message(
                    topic=ENTERPRISE,
                    key=r.enterprise.credit_code,
                    value=snapshot,
                    headers=cloudevents.headers(
                        event_id=f"{r.enterprise.credit_code}:{r.revision}",
                        event_type=ENTERPRISE,
                        source=SOURCE,
                        time=now,
                    ),
                )
                for r, snapshot in zip(registered, snapshots, strict=True)
            ],
        )
