"""Pages through all penalties that the law publishes today, made of their accounts at the moment of the read."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

import orjson
from google.protobuf.timestamp_pb2 import Timestamp
from merchantcredit.credit.v1.credit_service_pb2 import PublishedPenalty
from merchantcredit.events.v1.violation_pb2 import ViolationReported
from psycopg import Connection

from services.common.clock import Clock, china_day
from services.common.db.pool import Pool
from services.common.kernel.day import add_months
from services.credit.adapters import bodies
from services.credit.domain.facts import Assertion, FactKind, Penalty
from services.credit.domain.folding import fold, rank
from services.credit.domain.publicity import LONGEST_MONTHS, window_end

# In the order of the index on facts, so that a page costs what it passes over.
_PAGE = """
SELECT f.subject_id, f.fact_id, f.occurred_on, s.registration
FROM credit.fact f JOIN credit.subject s ON s.id = f.subject_id
WHERE f.kind = %s AND (f.subject_id, f.occurred_on, f.fact_id) > (%s, %s, %s) AND f.occurred_on > %s AND s.known
ORDER BY f.subject_id, f.occurred_on, f.fact_id LIMIT %s
"""
_ACCOUNTS = """
SELECT fact_id, authority, source_time, event_id, held, body FROM credit.assertion
WHERE fact_id = ANY(%s) AND retracted_at IS NULL
"""
_NAME = 1


class _Told(NamedTuple):
    """An account of a penalty and its bytes."""

    assertion: Assertion
    body: bytes


class PublishedPenalties:
    """Reads what is public of penalties."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    def page(self, cursor: str, limit: int) -> tuple[Sequence[PublishedPenalty], str]:
        """Return the published among the next penalties after a cursor, and the cursor after them; empty at the end."""
        today = china_day(self._clock.now())
        subject_id, day, fact_id = orjson.loads(cursor) if cursor else (0, date.min.isoformat(), "")
        since = add_months(today, -LONGEST_MONTHS)
        with self._pool.connection() as conn:
            rows = conn.execute(
                _PAGE, [FactKind.PENALTY, subject_id, date.fromisoformat(day), fact_id, since, limit]
            ).fetchall()
            found = list(_published(conn, {row[1]: orjson.loads(row[3])[_NAME] for row in rows}, today))
        last = orjson.dumps([rows[-1][0], rows[-1][2], rows[-1][1]]).decode() if len(rows) == limit else ""
        return found, last


def _published(conn: Connection, names: dict[str, str], today: date) -> Iterator[PublishedPenalty]:
    told: dict[str, list[_Told]] = defaultdict(list)
    for fact_id, authority, time, event_id, held, body in conn.execute(_ACCOUNTS, [list(names)]):
        account = Assertion(fact_id, authority, time, event_id, held, bodies.from_ledger(FactKind.PENALTY, body))
        told[fact_id].append(_Told(account, body))
    for fact_id, name in names.items():
        if (penalty := _standing(told[fact_id], today)) is not None:
            penalty.enterprise_name = name
            yield penalty


def _standing(told: Sequence[_Told], today: date) -> PublishedPenalty | None:
    """Return what stands of a penalty; None when it is not published on the day."""
    fact = fold(one.assertion for one in told)
    if fact is None or fact.held or not isinstance(fact.body, Penalty):
        return None
    body = fact.body
    until = window_end(body.severity_class, body.decided_on)
    if body.revoked or not body.is_published or not body.decided_on <= today < until:
        return None
    last = max(told, key=lambda one: rank(one.assertion))
    message = ViolationReported.FromString(last.body)
    bodies.put_details(message, body)
    return PublishedPenalty(penalty=message, until=until.isoformat(), told_time=_stamp(last.assertion.source_time))


def _stamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
