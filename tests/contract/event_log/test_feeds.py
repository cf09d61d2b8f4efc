"""The PostgreSQL feeds keep the contract; and what only they promise: late commits, dense positions, dead letters."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import orjson
import psycopg
import pytest
import structlog
from psycopg import Connection

from services.common.db.pool import Pool, open_pool
from services.common.errors import InvalidInput
from services.common.eventlog import outbox, reader
from services.common.eventlog.batch import BatchConsumer, BatchPolicy, DeadLetter, DeadLetterFlood
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.port import EventLog, Message, Record, TopicPartition
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import COMPLAINT, TOPICS, dead_letter_topic
from services.common.logs import log_to_stderr
from tests.contract.event_log.suite import EventLogContract, message

#: Who complains; it may stand in a body, and in the id of a source that is mistaken.
PLANTED = "欧阳植入 13912345678"

pytestmark = pytest.mark.both_majors


@pytest.fixture
def sequencing(dsn: str) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=Sequencer(dsn).run, args=(stop,))
    thread.start()
    yield
    stop.set()
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("SELECT pg_notify(%s, '')", [outbox.APPENDED])  # it waits for one
    thread.join()


@pytest.fixture
def feeds_pool(dsn: str) -> Iterator[Pool]:
    pool = open_pool(dsn)
    yield pool
    pool.close()


@pytest.fixture
def feeds_log(dsn: str) -> Iterator[FeedsEventLog]:
    log = FeedsEventLog(dsn, session_seconds=2)
    yield log
    log.close()


@pytest.mark.usefixtures("sequencing")
class TestFeeds(EventLogContract):
    @pytest.fixture
    def log(self, feeds_log: FeedsEventLog) -> EventLog:
        return feeds_log

    @pytest.fixture
    def pool(self, feeds_pool: Pool) -> Pool:
        return feeds_pool


def _values(dsn: str, key: str) -> list[bytes]:
    with psycopg.connect(dsn) as conn:
        starts = {TopicPartition(COMPLAINT, p): 0 for p in range(TOPICS[COMPLAINT].partitions)}
        return [r.value for r in reader.read(conn, starts, 1000) if r.key == key]


def test_a_late_commit_gets_a_later_number_and_holds_nobody_up(dsn: str) -> None:
    sequencer = Sequencer(dsn)
    with psycopg.connect(dsn) as slow, psycopg.connect(dsn) as fast:
        outbox.append(slow, [message("slow", 1)])
        outbox.append(fast, [message("fast", 1)])
        fast.commit()
        assert sequencer.sequence_once() == 1
        assert _values(dsn, "fast") == [b"fast:1"]
        slow.commit()
    assert sequencer.sequence_once() == 1
    assert _values(dsn, "slow") == [b"slow:1"]


def test_positions_are_dense(dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        for n in range(30):
            outbox.append(conn, [message("one", n)])
            if n % 3:
                conn.commit()
            else:
                conn.rollback()
    Sequencer(dsn).sequence_once()
    with psycopg.connect(dsn) as conn:
        seqs = [row[0] for row in conn.execute("SELECT seq FROM eventlog.position ORDER BY seq")]
    assert seqs == list(range(20))


def _refuse_odd(_: Connection, records: Sequence[Record]) -> Sequence[DeadLetter]:
    for record in records:
        if record.value.endswith((b"1", b"3")):
            raise InvalidInput(f"{record.value!r} is odd")
    return ()


def _consume(log: EventLog, pool: Pool, policy: BatchPolicy) -> BatchConsumer:
    return BatchConsumer(
        event_log=log, group="credit.work", topics=[COMPLAINT], pool=pool, handler=_refuse_odd, policy=policy
    )


def test_a_bad_message_fails_alone_and_keeps_its_reason(dsn: str, feeds_log: FeedsEventLog, feeds_pool: Pool) -> None:
    feeds_log.publish([message("k", n) for n in range(5)])
    Sequencer(dsn).sequence_once()
    batch = _consume(feeds_log, feeds_pool, BatchPolicy())
    consumer = feeds_log.consumer(group=batch.group, topics=batch.topics, load_offsets=batch._load)
    assert batch.step(consumer) == 5
    assert batch.step(consumer) == 0
    consumer.close()
    Sequencer(dsn).sequence_once()
    with psycopg.connect(dsn) as conn:
        letters = reader.read(conn, {TopicPartition(dead_letter_topic(COMPLAINT, "credit.work"), 0): 0}, 10)
    assert [letter.value for letter in letters] == [b"k:1", b"k:3"]
    assert letters[0].headers["dlq_reason"] == "INVALID_FIELD"
    assert letters[0].headers["dlq_offset"] == "1"


def test_under_a_backlog_batches_grow(dsn: str, feeds_log: FeedsEventLog, feeds_pool: Pool) -> None:
    feeds_log.publish([message("k", 2) for _ in range(30)])
    Sequencer(dsn).sequence_once()
    batch = _consume(feeds_log, feeds_pool, BatchPolicy(max_records=2, most_records=10, aim_seconds=60))
    consumer = feeds_log.consumer(group=batch.group, topics=batch.topics, load_offsets=batch._load)
    assert [batch.step(consumer) for _ in range(6)] == [2, 4, 8, 10, 6, 0]
    consumer.close()


def test_a_flood_of_bad_messages_stops_with_the_backlog_intact(
    dsn: str, feeds_log: FeedsEventLog, feeds_pool: Pool
) -> None:
    feeds_log.publish([message("k", 1) for _ in range(10)])
    Sequencer(dsn).sequence_once()
    batch = _consume(feeds_log, feeds_pool, BatchPolicy(max_records=1, max_consecutive_dead_letters=3))
    consumer = feeds_log.consumer(group=batch.group, topics=batch.topics, load_offsets=batch._load)
    for _ in range(3):
        batch.step(consumer)
    with pytest.raises(DeadLetterFlood):
        batch.step(consumer)
    consumer.close()
    with feeds_pool.connection() as conn:
        assert conn.execute("SELECT value FROM eventlog.group_offset").fetchall() == [(3,)]


def _named(n: int, ce_id: str) -> Message:
    return replace(message("k", n), value=f"{PLANTED}{n}".encode(), headers={"ce_id": ce_id})


def _refuse_quoting(_: Connection, records: Sequence[Record]) -> Sequence[DeadLetter]:
    structlog.get_logger().info("handled")
    for record in records:
        if record.value.endswith((b"1", b"3")):
            raise InvalidInput(f"{record.value.decode()} is odd")
    return ()


@pytest.mark.usefixtures("restored_logging")
def test_the_log_names_what_failed_by_place_and_id_and_never_by_what_it_says(
    dsn: str, feeds_log: FeedsEventLog, feeds_pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    log_to_stderr("json", service="credit", role="consume")
    feeds_log.publish([_named(0, "e0"), _named(1, "e1"), _named(2, "e2"), _named(3, PLANTED)])
    Sequencer(dsn).sequence_once()
    batch = replace(_consume(feeds_log, feeds_pool, BatchPolicy()), handler=_refuse_quoting)
    consumer = feeds_log.consumer(group=batch.group, topics=batch.topics, load_offsets=batch._load)
    assert batch.step(consumer) == 4
    consumer.close()
    written = capsys.readouterr().err
    lines = [orjson.loads(line) for line in written.splitlines()]
    assert not any(secret in f"{written}{lines}" for secret in PLANTED.split())
    one, other = (line for line in lines if line["event"] == "dead_letter")
    assert (one["event_id"], one["offset"], one["topic"], one["group"]) == ("e1", 1, COMPLAINT, "credit.work")
    assert (one["reason"], one["level"], one["role"]) == ("INVALID_FIELD", "warning", "consume")
    assert (other["event_id"], other["offset"], other["partition"]) == ("(malformed)", 3, one["partition"])
    halved = next(line for line in lines if line["event"] == "batch_halved")
    span = {"topic": COMPLAINT, "partition": one["partition"], "first": 0, "last": 3}
    assert (halved["spans"], halved["event_ids"]) == ([span], ["e0", "e1", "e2", "(malformed)"])
    assert ["e1"] in [line["event_ids"] for line in lines if line["event"] == "handled"]


@pytest.mark.usefixtures("restored_logging")
def test_a_superseded_batch_is_logged_by_its_place(
    dsn: str, feeds_log: FeedsEventLog, feeds_pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    log_to_stderr("json")
    feeds_log.publish([_named(0, "e0"), _named(2, "e2")])
    Sequencer(dsn).sequence_once()
    batch = replace(_consume(feeds_log, feeds_pool, BatchPolicy()), handler=_conflicting)
    consumer = feeds_log.consumer(group=batch.group, topics=batch.topics, load_offsets=batch._load)
    assert batch.step(consumer) == 0
    consumer.close()
    written = capsys.readouterr().err
    (line,) = [orjson.loads(line) for line in written.splitlines()]
    assert (line["event"], line["group"], line["reason"]) == ("batch_superseded", "credit.work", "UniqueViolation")
    ((first, last),) = [(span["first"], span["last"]) for span in line["spans"]]
    assert (first, last, line["event_ids"]) == (0, 1, ["e0", "e2"])


def _conflicting(conn: Connection, _: Sequence[Record]) -> Sequence[DeadLetter]:
    conn.execute("CREATE TEMPORARY TABLE once (phone text PRIMARY KEY)")
    conn.execute("INSERT INTO once SELECT %s FROM generate_series(1, 2)", [PLANTED])
    return ()
