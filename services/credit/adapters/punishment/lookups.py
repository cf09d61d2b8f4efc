"""Who looked an enterprise up before acting: for the enterprise to see."""

from datetime import datetime
from typing import NamedTuple

from psycopg import Connection

_READ = """
SELECT id, purpose, actor, office, looked_at FROM credit.lookup
WHERE code = %s AND (%s = 0 OR id < %s) ORDER BY id DESC LIMIT %s
"""


class Lookup(NamedTuple):
    """One look-up."""

    lookup_id: int
    purpose: int
    actor: str
    office: str
    looked_at: datetime


def read_lookups(conn: Connection, code: str, before: int, limit: int) -> list[Lookup]:
    """Return look-ups of an enterprise before one, the newest first; 0 begins with the newest."""
    return [Lookup(*row) for row in conn.execute(_READ, [code, before, before, limit])]
