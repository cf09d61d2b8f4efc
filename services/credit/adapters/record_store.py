"""Records in PostgreSQL: written with their revision, announced in the same transaction, read as bytes."""

from collections.abc import Sequence
from datetime import datetime

from psycopg import Connection

from services.common.clock import china_day
from services.common.db.arrays import array
from services.common.eventlog import cloudevents, outbox
from services.common.eventlog.epoch import EPOCH_HEADER, current
from services.common.eventlog.port import Message
from services.common.eventlog.topics import GRADE_CHANGE, RECORD
from services.credit.adapters import revision_codec
from services.credit.adapters.record_codec import grade_changed, public_record, restricted_record
from services.credit.application.ports import Publication

SOURCE = "//credit.merchantcredit"
_PUBLISH = """
WITH given AS (
    SELECT * FROM unnest(%b::text[], %b::bigint[], %b::date[], %b::bytea[], %b::bytea[], %b::bytea[], %b::text[])
        AS g (code, revision, good_until, record, restricted, compressed, policy_version)
), public AS (
    INSERT INTO credit.public_record (code, revision, good_until, record, policy_version)
    SELECT code, revision, good_until, record, policy_version FROM given
    ON CONFLICT (code) DO UPDATE
    SET revision = excluded.revision, good_until = excluded.good_until, record = excluded.record,
        policy_version = excluded.policy_version
), restricted AS (
    INSERT INTO credit.restricted_record (code, revision, record) SELECT code, revision, restricted FROM given
    ON CONFLICT (code) DO UPDATE SET revision = excluded.revision, record = excluded.record
)
INSERT INTO credit.record_revision (code, revision, recorded_at, record)
SELECT code, revision, %b, compressed FROM given
"""


class RecordStore:
    """Publishes records inside the ledger's transaction."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def publish(self, publications: Sequence[Publication], at: datetime) -> None:
        """Write and announce new revisions."""
        if not publications:
            return
        day = china_day(at)
        subjects = [p.subject for p in publications]
        records = [public_record(p.subject, p.rating, p.policy, at) for p in publications]
        self._conn.execute(
            _PUBLISH,
            [
                array("text", [s.code for s in subjects]),
                array("int8", [s.seq for s in subjects]),
                array("date", [p.rating.next_change_on for p in publications]),
                array("bytea", records),
                array("bytea", [restricted_record(s, day).SerializeToString() for s in subjects]),
                array("bytea", revision_codec.compress(records)),
                array("text", [s.policy_version for s in subjects]),
                at,
            ],
        )
        epoch = current(self._conn)
        messages = [
            record_message(p.subject.code, p.subject.seq, epoch, record, at)
            for p, record in zip(publications, records, strict=True)
        ]
        changed = [_grade_message(p, at) for p in publications if p.rating.grade != p.from_grade]
        outbox.append(self._conn, [*messages, *changed])


def record_message(code: str, revision: int, epoch: int, record: bytes, at: datetime) -> Message:
    """Return the message that announces a record; an empty one says that it is gone."""
    event_id = f"{code}:{epoch}:{revision}"
    headers = cloudevents.headers(event_id=event_id, event_type=RECORD, source=SOURCE, time=at)
    return Message(topic=RECORD, key=code, value=record, headers={**headers, EPOCH_HEADER: str(epoch)})


def _grade_message(publication: Publication, at: datetime) -> Message:
    code, revision = publication.subject.code, publication.subject.seq
    headers = cloudevents.headers(event_id=f"{code}:{revision}", event_type=GRADE_CHANGE, source=SOURCE, time=at)
    value = grade_changed(publication).SerializeToString()
    return Message(topic=GRADE_CHANGE, key=code, value=value, headers=headers)
