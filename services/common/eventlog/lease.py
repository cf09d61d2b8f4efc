"""A lease in the database: one holder at a time by the database's clock, and a term that grows with each change."""

from psycopg import Connection

LEASE_SECONDS = 4.0
RENEW_SECONDS = 1.0

_TAKE = """
INSERT INTO eventlog.lease AS l (name, holder, term, expires_at)
VALUES (%(name)s, %(holder)s, 1, clock_timestamp() + %(seconds)s * interval '1 second')
ON CONFLICT (name) DO UPDATE
SET holder = excluded.holder, expires_at = excluded.expires_at,
    term = l.term + (l.holder <> excluded.holder)::int
WHERE l.holder = excluded.holder OR l.expires_at < clock_timestamp()
RETURNING term
"""


def take(conn: Connection, name: str, holder: str) -> int | None:
    """Take or renew the lease; returns its term, or None while another holds it.

    A holder that comes back before anyone took the lease keeps its term.
    """
    row = conn.execute(_TAKE, {"name": name, "holder": holder, "seconds": LEASE_SECONDS}).fetchone()
    return int(row[0]) if row else None


def release(conn: Connection, name: str, holder: str) -> None:
    """Let another take the lease at once."""
    conn.execute(
        "UPDATE eventlog.lease SET expires_at = clock_timestamp() WHERE name = %s AND holder = %s", [name, holder]
    )
