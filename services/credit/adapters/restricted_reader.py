"""Reads restricted records: as stored while they are good, else of the state as it stands, so that nothing ended is shown."""

from datetime import date

import structlog
from merchantcredit.credit.v1.record_pb2 import RestrictedRecord
from psycopg import Connection

from services.common.clock import Clock, china_day
from services.common.db.pool import Pool
from services.credit.adapters.punishment.open_lifts import open_lifts
from services.credit.adapters.record_codec import restricted_record
from services.credit.adapters.subject_rows import read_subject
from services.credit.domain.punishment.law import Law

log = structlog.get_logger()
_READ = """
SELECT r.record, p.good_until FROM credit.restricted_record r JOIN credit.public_record p USING (code) WHERE r.code = %s
"""


class RestrictedReader:
    """Reads what offices and the merchant itself see."""

    def __init__(self, pool: Pool, law: Law, clock: Clock) -> None:
        self._pool = pool
        self._law = law
        self._clock = clock

    def read(self, code: str) -> RestrictedRecord | None:
        """Return the restricted record of a code, good on the present day; None when there is none."""
        today = china_day(self._clock.now())
        with self._pool.connection() as conn:
            row = conn.execute(_READ, [code]).fetchone()
            if row is None:
                return None
            data, good_until = row
            is_over = good_until is not None and today >= good_until
            record = _recompute(conn, code, today) if is_over else RestrictedRecord.FromString(data)
            record.open_lifts.extend(open_lifts(conn, self._law, code, today))
        return record


def _recompute(conn: Connection, code: str, today: date) -> RestrictedRecord:
    """Make the record anew for today; the sweep is late, so this is an alarm."""
    log.warning("restricted_record_past_good_until", code=code, day=today.isoformat())
    subject = read_subject(conn, code)
    if subject is None:
        raise LookupError(code)
    return restricted_record(subject, today)
