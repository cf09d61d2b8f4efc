"""Reads the whole ledger in one snapshot, subject by subject, and encodes records as they are published."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from google.protobuf.message import DecodeError
from merchantcredit.credit.v1.record_pb2 import PublicRecord
from psycopg import sql
from zstandard import ZstdError

from services.common.kernel.grade import Grade
from services.credit.adapters import bodies
from services.credit.adapters.record_codec import public_record, restricted_record
from services.credit.adapters.revision_codec import decompress
from services.credit.adapters.subject_rows import read_state
from services.credit.application.ports import Subject
from services.credit.application.verify_scores import Kept, Published
from services.credit.domain.facts import Assertion
from services.credit.domain.policy import Policy
from services.credit.domain.rating import Rating
from services.credit.domain.subject import SubjectState

_FETCH = 5000
_SUBJECTS = """
SELECT s.id, s.code, s.known, s.seq, s.cells, s.detail, s.registration, s.grade, s.good_until,
       p.record, p.good_until, v.record, r.record, s.root_id,
       EXISTS (SELECT 1 FROM credit.subject m WHERE m.root_id = s.id), s.shared, s.heirs
FROM credit.subject s
LEFT JOIN credit.public_record p ON p.code = s.code
LEFT JOIN credit.record_revision v ON v.code = s.code AND v.revision = p.revision
LEFT JOIN credit.restricted_record r ON r.code = s.code AND r.revision = p.revision
ORDER BY s.id
"""
_ACCOUNT = "a.fact_id, a.authority, a.source_time, a.event_id, a.held, a.kind, a.body"
# A fact that stands nowhere comes first, without a subject.
_ACCOUNTS = f"""
SELECT coalesce(f.subject_id, 0), {_ACCOUNT}
FROM credit.assertion a LEFT JOIN credit.fact f ON f.fact_id = a.fact_id
WHERE a.retracted_at IS NULL
ORDER BY 1, a.fact_id
"""
_PART = f"""
SELECT f.subject_id, {_ACCOUNT}
FROM credit.assertion a JOIN credit.fact f ON f.fact_id = a.fact_id
WHERE a.retracted_at IS NULL AND f.subject_id %% %s = %s
ORDER BY 1, a.fact_id
"""
_Told = tuple[int, Assertion]


class WholeLedger:
    """The ledger at one moment; iterating holds one subject's accounts in memory."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn
        #: Facts that stand with no subject; complete once the iteration is over.
        self.unplaced: list[str] = []

    def __iter__(self) -> Iterator[tuple[Kept, Sequence[Assertion]]]:
        """Yield every subject with all accounts of the facts that stand with it."""
        told = accounts(self._conn)
        waiting = next(told, None)
        while waiting is not None and waiting[0] == 0:
            self.unplaced.append(waiting[1].fact_id)
            waiting = next(told, None)
        for kept in self._subjects():
            mine: list[Assertion] = []
            while waiting is not None and waiting[0] == kept.subject_id:
                mine.append(waiting[1])
                waiting = next(told, None)
            yield kept, mine

    def _subjects(self) -> Iterator[Kept]:
        with self._conn.cursor(name="verify_subjects", binary=True) as cursor:
            cursor.itersize = _FETCH
            for row in cursor.execute(_SUBJECTS):
                yield _kept(row)


def accounts(conn: psycopg.Connection[Any]) -> Iterator[_Told]:
    """Yield all accounts with the number of the subject that their fact stands with: 0, which comes first, for none."""
    return _told(conn, _ACCOUNTS, ())


def accounts_of_part(conn: psycopg.Connection[Any], part: int, parts: int) -> Iterator[_Told]:
    """Yield the accounts of the subjects that fall to one of so many parts, with the subject's number."""
    return _told(conn, _PART, (parts, part))


def _told(conn: psycopg.Connection[Any], query: str, wanted: Sequence[int]) -> Iterator[_Told]:
    read = bodies.from_ledger
    with conn.cursor(name="all_accounts", binary=True) as cursor:
        cursor.execute(query, wanted)
        while rows := cursor.fetchmany(_FETCH):
            for subject_id, fact_id, authority, time, event_id, held, kind, body in rows:
                yield subject_id, Assertion(fact_id, authority, time, event_id, held, read(kind, body))


class RecordEncoder:
    """Writes records with the codec that publishes them."""

    def public(self, subject: Subject, rating: Rating, policy: Policy, at: datetime) -> bytes:
        """Return the bytes of the public record."""
        return public_record(subject, rating, policy, at)

    def restricted(self, subject: Subject, day: date) -> bytes:
        """Return the bytes of the restricted record."""
        return restricted_record(subject, day).SerializeToString()


@contextmanager
def snapshot(dsn: str, shown: str | None = None) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection that sees the database as it is now, whatever is written meanwhile; it writes nothing itself.

    With the name that another connection shows (show), it sees what that one sees.
    """
    with psycopg.connect(dsn) as conn:
        conn.read_only = True
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        if shown is not None:
            conn.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(shown))
        yield conn


def show(conn: psycopg.Connection[Any]) -> str:
    """Return the name by which others see the same snapshot, while this one is open."""
    row = conn.execute("SELECT pg_export_snapshot()").fetchone()
    if row is None:
        raise LookupError("a snapshot has a name")
    return str(row[0])


def _kept(row: Sequence[Any]) -> Kept:
    subject_id, code, known, seq, packed, detail, registration, grade, good_until, record, until, revision, *last = row
    return Kept(
        subject_id=subject_id,
        code=code,
        known=known,
        seq=seq,
        packed=packed,
        state=_state(packed, detail, registration, last[3]),
        grade=Grade(grade),
        good_until=good_until,
        record_good_until=until,
        record=record,
        published=_published(record),
        revision_record=_inflated(revision),
        restricted=last[0],
        root_id=last[1],
        has_members=last[2],
        heirs=tuple(last[4].split()),
    )


def _state(packed: bytes, detail: str, registration: str, shared: bytes) -> SubjectState | None:
    """Return the state of a row; None when it cannot be read, which is itself a difference."""
    try:
        return read_state(packed, detail, registration, shared)
    except (ValueError, TypeError, KeyError, IndexError):
        return None


def _published(record: bytes | None) -> Published | None:
    """Return what a record says; None when there is none or it cannot be read, which is itself a difference."""
    try:
        return read_published(record)[1] if record is not None else None
    except (DecodeError, ValueError):
        return None


def read_published(record: bytes) -> tuple[PublicRecord, Published]:
    """Return a record and what it says of itself; raises DecodeError or ValueError for what is no record."""
    message = PublicRecord.FromString(record)
    return message, Published(
        revision=message.revision,
        day=date.fromisoformat(message.day),
        policy_version=message.policy_version,
        computed_at=message.computed_time.ToDatetime(UTC),
        score=message.score_millipoints if message.HasField("score_millipoints") else None,
        grade=message.grade,
        lines=tuple((line.rule_id, line.amount_millipoints) for line in message.contributions),
    )


def _inflated(compressed: bytes | None) -> bytes | None:
    try:
        return decompress(compressed) if compressed is not None else None
    except ZstdError:
        return b""
