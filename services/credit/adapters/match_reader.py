"""The work list and its candidates, read; and transactions on it together with the ledger."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection

from services.common.db.pool import Pool
from services.common.errors import NotFound
from services.credit.adapters.match_store import MatchStore, matters
from services.credit.adapters.postgres_ledger import PostgresLedger
from services.credit.application.decide_match import Matter
from services.credit.domain.matching import Candidate, Known, Named, name_key, rank

MOST_CANDIDATES = 10
#: Names looked at for one matter: those that share the beginning of the key.
_SCANNED = 500
_BEGINNING = 2
# By the key or its beginning, or because a person decided so before for the same name or shop.
_CANDIDATES = """
WITH decided AS (
    SELECT code, count(*) AS times FROM credit.unmatched
    WHERE code <> '' AND id <> %(id)s AND (key = %(key)s OR (shop <> '' AND shop = %(shop)s)) GROUP BY code
), near AS (
    SELECT code FROM credit.known_name WHERE key LIKE %(beginning)s ORDER BY key <> %(key)s, code LIMIT %(scanned)s
)
SELECT k.code, k.name, k.region_code, coalesce(d.times, 0) FROM credit.known_name k LEFT JOIN decided d USING (code)
WHERE k.code IN (SELECT code FROM near UNION SELECT code FROM decided)
"""


class MatchReader:
    """Reads matters with their candidates."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def page(self, *, after: int, limit: int, with_decided: bool) -> list[tuple[Matter, list[Candidate]]]:
        """Return matters in the order of their ids, after one."""
        with self._pool.connection() as conn:
            found = matters(conn, after=after, limit=limit, with_decided=with_decided)
            return [(matter, _candidates(conn, matter)) for matter in found]

    def get(self, unmatched_id: int) -> tuple[Matter, list[Candidate]]:
        """Return one matter; raises NotFound."""
        found = self.page(after=unmatched_id - 1, limit=1, with_decided=True)
        if not found or found[0][0].unmatched_id != unmatched_id:
            raise NotFound(
                f"nothing unmatched has the id {unmatched_id}",
                metadata={"resource_type": "Unmatched", "resource_name": str(unmatched_id)},
            )
        return found[0]


class MatchDesk:
    """Opens transactions on the work list and the ledger together."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @contextmanager
    def transaction(self) -> Iterator[tuple[MatchStore, PostgresLedger]]:
        """Open one transaction."""
        with self._pool.connection() as conn:
            yield MatchStore(conn), PostgresLedger(conn)


def _candidates(conn: Connection, matter: Matter) -> list[Candidate]:
    key = name_key(matter.name)
    beginning = key[:_BEGINNING].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    given = {"id": matter.unmatched_id, "key": key, "shop": matter.shop, "beginning": beginning, "scanned": _SCANNED}
    known = [Known(*row) for row in conn.execute(_CANDIDATES, given)]
    return rank(Named(matter.name, matter.region_code, matter.shop), known, MOST_CANDIDATES)
