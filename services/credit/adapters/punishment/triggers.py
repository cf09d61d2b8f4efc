"""Finds enterprises whose facts may meet a trigger, and what a proposal needs of them."""

from collections.abc import Mapping
from datetime import date

from psycopg import Connection

from services.credit.adapters.punishment.postgres_store import PostgresPunishment
from services.credit.domain.facts import FactKind, Penalty
from services.credit.domain.punishment.terms import ListingState
from services.credit.domain.punishment.trigger import Watch

#: So many facts of one enterprise are looked at.
MOST_FACTS = 200
# Counts facts without folding them; whether one is revoked, the use case sees.
_CANDIDATES = """
SELECT s.code FROM credit.fact AS f JOIN credit.subject AS s ON s.id = f.subject_id
WHERE f.kind = 3 AND f.occurred_on BETWEEN %s AND %s AND s.known AND s.code > %s
GROUP BY s.code HAVING count(*) >= %s ORDER BY s.code LIMIT %s
"""
_PENALTIES = """
SELECT f.fact_id FROM credit.fact AS f JOIN credit.subject AS s ON s.id = f.subject_id
WHERE s.code = %s AND f.kind = %s AND f.occurred_on >= %s ORDER BY f.occurred_on DESC, f.fact_id DESC LIMIT %s
"""
_PROPOSED = """
SELECT EXISTS (
    SELECT FROM credit.listing AS l JOIN credit.listing_step AS p ON p.listing_id = l.listing_id AND p.ordinal = 0
    WHERE l.code = %s AND l.list_id = %s AND (l.state <> ALL(%s) OR p.fact_ids @> ARRAY[%s])
)
"""


def candidates(conn: Connection, watch: Watch, day: date, after: str, limit: int) -> list[str]:
    """Return codes after one, in order, of enterprises with enough penalties in the time of a watch."""
    rows = conn.execute(_CANDIDATES, [watch.since(day), day, after, watch.penalties, limit])
    return [row[0] for row in rows]


class PostgresProposals(PostgresPunishment):
    """The store of one transaction that proposes."""

    def penalties(self, code: str, since: date) -> Mapping[str, Penalty]:
        """Return the penalties of an enterprise that were decided since a day, by fact."""
        rows = self._conn.execute(_PENALTIES, [code, FactKind.PENALTY, since, MOST_FACTS]).fetchall()
        found = self.facts(code, [row[0] for row in rows])
        return {fact_id: fact.body for fact_id, fact in found.items() if isinstance(fact.body, Penalty)}

    def was_proposed(self, code: str, list_id: str, fact_id: str) -> bool:
        """Tell whether a listing of a list is open, or a fact was the evidence of one before."""
        over = [ListingState.DROPPED, ListingState.ENDED]
        row = self._conn.execute(_PROPOSED, [code, list_id, over, fact_id]).fetchone()
        return bool(row and row[0])
