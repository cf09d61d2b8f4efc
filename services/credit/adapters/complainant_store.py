"""The vault and its audit in PostgreSQL: a transaction for those who read or erase, and the list of what they did."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from psycopg import Connection

from services.common.db.pool import Pool
from services.common.errors import PreconditionFailed
from services.credit.adapters.case_vault import CaseVault, Opened
from services.credit.application.complainants import Action, Audit

_AUDIT = """
INSERT INTO credit.complainant_audit (fact_id, action, subject, office, purpose, request_id, at)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (subject, request_id) DO NOTHING
"""
_LIST = """
SELECT id, fact_id, action, subject, office, purpose, at FROM credit.complainant_audit
WHERE (%(case)s = '' OR fact_id = %(case)s) AND id < %(before)s ORDER BY id DESC LIMIT %(limit)s
"""


class ComplainantStore:
    """The vault in one transaction."""

    def __init__(self, conn: Connection, vault: CaseVault) -> None:
        self._conn = conn
        self._vault = vault

    def audit(self, audit: Audit) -> str:
        """Keep who did what; see the port."""
        told = [
            audit.complaint_id,
            audit.action,
            audit.subject,
            audit.office,
            audit.purpose,
            audit.request_id,
            audit.at,
        ]
        if self._conn.execute(_AUDIT, told).rowcount:
            return audit.complaint_id
        row = self._conn.execute(
            "SELECT fact_id FROM credit.complainant_audit WHERE subject = %s AND request_id = %s",
            [audit.subject, audit.request_id],
        ).fetchone()
        return str(row[0]) if row else ""

    def read(self, complaint_id: str) -> Sequence[Opened]:
        """Return what is kept."""
        return self._vault.read(self._conn, [complaint_id])

    def erased_at(self, complaint_id: str) -> datetime | None:
        """Return when it was erased."""
        return self._vault.erased_at(self._conn, complaint_id)

    def erase(self, complaint_id: str, at: datetime) -> datetime:
        """Destroy the key."""
        return self._vault.erase(self._conn, complaint_id, at)


def opening(pool: Pool, vault: CaseVault) -> Callable[[], AbstractContextManager[ComplainantStore]]:
    """Return what opens the vault for one transaction; that there was nothing left to read undoes no audit."""

    @contextmanager
    def opened() -> Iterator[ComplainantStore]:
        refused: PreconditionFailed | None = None
        with pool.connection() as conn:
            try:
                yield ComplainantStore(conn, vault)
            except PreconditionFailed as error:
                refused = error
        if refused is not None:
            raise refused

    return opened


def audits(pool: Pool, complaint_id: str, before: int, limit: int) -> list[tuple[int, Audit]]:
    """Return audits older than a number, newest first, each with its number."""
    with pool.connection() as conn:
        rows = conn.execute(_LIST, {"case": complaint_id, "before": before, "limit": limit}).fetchall()
    return [
        (
            number,
            Audit(complaint_id=case, action=Action(action), subject=subject, office=office, purpose=purpose, at=at),
        )
        for number, case, action, subject, office, purpose, at in rows
    ]
