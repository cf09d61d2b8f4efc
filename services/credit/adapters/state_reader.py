"""Reads the state of one enterprise as it stands, without a lock."""

from services.common.db.pool import Pool
from services.common.errors import PreconditionFailed
from services.credit.adapters.subject_rows import read_subject
from services.credit.domain.subject import SubjectState


class PostgresStates:
    """Reads states."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def state(self, code: str) -> SubjectState | None:
        """Return the state of a registered enterprise with its family's facts; None when there is none.

        Raises PreconditionFailed naming the enterprise that it was merged into.
        """
        with self._pool.connection() as conn:
            subject = read_subject(conn, code)
        if subject is None or not subject.known:
            return None
        if subject.root is not None:
            into = subject.root.code
            raise PreconditionFailed(f"{code} was merged into {into}: ask for that one", metadata={"merged_into": into})
        return subject.state
