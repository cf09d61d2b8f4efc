"""Drives the credit worker by hand over real parts: publish, sequence, step; the clock is the test's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
from google.protobuf.message import Message as Proto
from merchantcredit.credit.v1.record_pb2 import PublicRecord, RestrictedRecord
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported
from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot
from merchantcredit.events.v1.grade_change_pb2 import GradeChanged
from merchantcredit.events.v1.violation_pb2 import ViolationReported
from merchantcredit.events.v1.volume_pb2 import VolumeReported

from services.common.clock import FixedClock
from services.common.db.embedded import DATABASE
from services.common.eventlog import cloudevents
from services.common.eventlog.batch import BatchConsumer, BatchPolicy
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.port import Message, Record
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import COMPLAINT, ENTERPRISE, VIOLATION, VOLUME
from services.credit.bootstrap import working
from services.credit.config import CreditConfig
from services.credit.consumers.sweeper import Sweeper

CODE = "91520900MA6GN48P46"
OTHER = "9152000071430580XT"
NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
KEY = b"a test's key of the complainants"
_TOPICS = {
    EnterpriseSnapshot: ENTERPRISE,
    ComplaintReported: COMPLAINT,
    ViolationReported: VIOLATION,
    VolumeReported: VOLUME,
}


def enterprise(code: str = CODE, **fields: Any) -> EnterpriseSnapshot:
    given = {"name": "云上艾珀（贵州）技术有限公司", "established_on": "2014-03-01", "status": 1, "revision": 1}
    return EnterpriseSnapshot(credit_code=code, **{**given, **fields})


def complaint(case_id: str, code: str = CODE, **fields: Any) -> ComplaintReported:
    given = {"kind": 1, "status": 5, "received_on": "2026-06-01", "response": 3, "problem_type": 1}
    return ComplaintReported(case_id=case_id, credit_code=code, **{**given, **fields})


def violation(document: str, code: str = CODE, **fields: Any) -> ViolationReported:
    given = {
        "penalty_kind": 2,
        "severity": 2,
        "fine_fen": 1_000_000,
        "decided_on": "2026-05-20",
        "conduct_type": "虚假宣传",
    }
    return ViolationReported(document_number=document, credit_code=code, **{**given, **fields})


def volume(month: str, orders: int, code: str = CODE) -> VolumeReported:
    return VolumeReported(credit_code=code, platform_code="p1", month=month, orders=orders)


def told(body: Proto, event_id: str, *, source: str = "//12315.test", at: datetime = NOW, **headers: str) -> Message:
    """Return the message of an event."""
    topic = _TOPICS[type(body)]
    source = "//registry.merchantcredit" if topic == ENTERPRISE else source
    given = cloudevents.headers(event_id=event_id, event_type=topic, source=source, time=at)
    return Message(topic=topic, key=body.credit_code, value=body.SerializeToString(), headers={**given, **headers})  # type: ignore[attr-defined]


class World:
    """A credit worker and what it left behind."""

    def __init__(self, dsn: str, clock: FixedClock | None = None, policy: BatchPolicy | None = None) -> None:
        self.dsn = dsn
        self.clock = clock or FixedClock(NOW)
        self.log = FeedsEventLog(dsn)
        policy = policy or BatchPolicy(poll_seconds=0.05)
        batch, sweeper = working(CreditConfig(dsn=dsn, complainant_key=KEY), self.log, self.clock, policy)
        assert isinstance(batch, BatchConsumer)
        assert isinstance(sweeper, Sweeper)
        self.batch, self.sweeper = batch, sweeper

    def tell(self, *messages: Message) -> None:
        """Put messages on their topics, number them, and let the worker apply all."""
        self.log.publish(messages)
        self.drain()

    def drain(self) -> None:
        Sequencer(self.dsn).sequence_once()
        consumer = self.log.consumer(group=self.batch.group, topics=self.batch.topics, load_offsets=self.batch._load)
        while self.batch.step(consumer):
            pass
        consumer.close()
        Sequencer(self.dsn).sequence_once()

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as conn:
            return conn.execute(query, parameters).fetchall()

    def record(self, code: str = CODE) -> PublicRecord | None:
        rows = self.rows("SELECT record FROM credit.public_record WHERE code = %s", code)
        return PublicRecord.FromString(rows[0][0]) if rows else None

    def restricted(self, code: str = CODE) -> RestrictedRecord:
        return RestrictedRecord.FromString(
            self.rows("SELECT record FROM credit.restricted_record WHERE code = %s", code)[0][0]
        )

    def verdicts(self) -> Mapping[str, int]:
        return dict(self.rows("SELECT event_id, verdict FROM credit.inbox"))

    def grade_changes(self) -> list[GradeChanged]:
        rows = self.rows("SELECT payload FROM eventlog.message WHERE topic LIKE %s ORDER BY id", "%grade-change%")
        return [GradeChanged.FromString(row[0]) for row in rows]

    def dead_letters(self) -> list[Record]:
        rows = self.rows(
            "SELECT topic, 0, id, key, headers, payload FROM eventlog.message WHERE topic LIKE %s ORDER BY id",
            "%.dlq.%",
        )
        return [Record(*row) for row in rows]

    def close(self) -> None:
        self.log.close()
        self.batch.pool.close()


@contextmanager
def twin(postgres: str, moment: datetime) -> Iterator["World"]:
    """Give a world of its own on a fresh database, to compare with; dropped afterwards."""
    base, name = postgres.rsplit("/", 1)[0], f"twin_{uuid4().hex}"
    with psycopg.connect(f"{base}/postgres", autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE}")
    with world(f"{base}/{name}", clock=FixedClock(moment)) as made:
        yield made
    with psycopg.connect(f"{base}/postgres", autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def world(dsn: str, **given: Any) -> Iterator[World]:
    made = World(dsn, **given)
    yield made
    made.close()
