"""Finds enterprises whose facts may meet a trigger, and what a proposal needs of them."""

from datetime import date

from psycopg import Connection

from services.credit.adapters.family_reader import family
from services.credit.adapters.punishment.postgres_store import PostgresPunishment
from services.credit.domain.punishment.terms import ListingState
from services.credit.domain.punishment.trigger import Watch

# Counts facts without folding them; whether one is revoked, the use case sees.
_CANDIDATES = """
SELECT r.code FROM credit.fact AS f JOIN credit.subject AS s ON s.id = f.subject_id
JOIN credit.subject AS r ON r.id = coalesce(s.root_id, s.id)
WHERE f.kind = 3 AND f.occurred_on BETWEEN %s AND %s AND r.known AND r.code > %s
GROUP BY r.code HAVING count(*) >= %s ORDER BY r.code LIMIT %s
"""
_PROPOSED = """
SELECT EXISTS (
    SELECT FROM credit.listing AS l JOIN credit.listing_step AS p ON p.listing_id = l.listing_id AND p.ordinal = 0
    WHERE l.code = ANY(%(family)s) AND l.list_id = %(list_id)s AND CASE
        WHEN l.state = ANY(%(over)s) THEN p.fact_ids @> ARRAY[%(fact_id)s]
        ELSE l.code = %(code)s OR l.state = %(published)s
    END
)
"""


def candidates(conn: Connection, watch: Watch, day: date, after: str, limit: int) -> list[str]:
    """Return codes after one, in order, of enterprises with enough penalties in the time of a watch.

    Those of a merged enterprise count for the one that goes on.
    """
    rows = conn.execute(_CANDIDATES, [watch.since(day), day, after, watch.penalties, limit])
    return [row[0] for row in rows]


class PostgresProposals(PostgresPunishment):
    """The store of one transaction that proposes."""

    def was_proposed(self, code: str, list_id: str, fact_id: str) -> bool:
        """Tell whether a listing of a list is open, or a fact was the evidence of one before; see the port."""
        given = {
            "code": code, "family": [member.code for member in family(self._conn, code)], "list_id": list_id,
            "fact_id": fact_id, "over": [ListingState.DROPPED, ListingState.ENDED], "published": ListingState.PUBLISHED,
        }  # fmt: skip
        row = self._conn.execute(_PROPOSED, given).fetchone()
        return bool(row and row[0])
