"""Reads the state of one enterprise as it stands, without a lock."""

from services.common.db.pool import Pool
from services.credit.adapters.postgres_ledger import read_state
from services.credit.domain.subject import SubjectState


class PostgresStates:
    """Reads states."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def state(self, code: str) -> SubjectState | None:
        """Return the state of a registered enterprise; None when there is none."""
        with self._pool.connection() as conn:
            row = conn.execute(
                "SELECT cells, detail, registration FROM credit.subject WHERE code = %s AND known", [code]
            ).fetchone()
        return read_state(*row) if row else None
