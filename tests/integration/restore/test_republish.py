"""After a restore the compacted topic in Kafka holds what the table holds, whatever it held of the lost future."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from merchantcredit.credit.v1.record_pb2 import PublicRecord

from services.common.clock import FixedClock
from services.common.errors import InvalidInput
from services.common.eventlog.epoch import begin, revision_of, version_of
from services.common.eventlog.kafka.log import KafkaEventLog
from services.common.eventlog.kafka.relay import Relay
from services.common.eventlog.kafka.settings import KafkaSettings
from services.common.eventlog.kafka.topics import ensure_topics
from services.common.eventlog.port import Message, Record
from services.common.eventlog.topics import RECORD
from services.credit.offline import republish_records
from services.search.adapters.tantivy_reader import TantivyReader
from services.search.adapters.tantivy_writer import TantivyWriter
from services.search.application.ports import Filters
from services.search.application.project import Projector
from services.search.consumers.records import decode
from services.search.domain.query import parse_query
from tests.contract.event_log.test_relay import arrived, is_done, until
from tests.integration.credit.world import CODE, OTHER, World, complaint, enterprise, told, world

NOW = datetime(2026, 6, 16, tzinfo=UTC)
GHOST = "91520102MA6H000001"


@pytest.fixture
def credit(dsn: str) -> Iterator[World]:
    with world(dsn) as made:
        made.tell(
            told(enterprise(), "e1"), told(enterprise(OTHER, name="另一家公司"), "e2"), told(complaint("c1"), "c1")
        )
        yield made


@pytest.fixture
def cluster(credit: World, settings: KafkaSettings) -> Iterator[KafkaEventLog]:
    """Run a relay, and put on the topic what only the lost future said."""
    ensure_topics(settings)
    stop = threading.Event()
    relaying = threading.Thread(target=Relay(credit.dsn, settings, "test").run, args=(stop,))
    relaying.start()
    log = KafkaEventLog(settings)
    until(lambda: is_done(credit.dsn))
    lost = credit.record()
    assert lost is not None
    lost.revision += 7
    lost.name = "未来的名字"
    ghost = type(lost).FromString(lost.SerializeToString())
    ghost.credit_code = GHOST
    for record in (lost, ghost):
        log.publish([Message(topic=RECORD, key=record.credit_code, value=record.SerializeToString())])
    yield log
    log.close()
    stop.set()
    relaying.join()


def test_every_record_is_said_again_and_what_has_no_row_is_gone(
    credit: World, cluster: KafkaEventLog, settings: KafkaSettings, tmp_path: Path
) -> None:
    with psycopg.connect(credit.dsn) as conn:
        begin(conn, 2)
    assert republish_records(credit.dsn, cluster, FixedClock(NOW)) == (2, 1)
    credit.drain()
    until(lambda: is_done(credit.dsn))
    found = arrived(settings)
    last = {record.key: record.value for record in found}
    assert {key: value for key, value in last.items() if value} == dict(
        credit.rows("SELECT code, record FROM credit.public_record")
    )
    assert last[GHOST] == b""
    the_index_follows_the_new_epoch(found, tmp_path)
    assert republish_records(credit.dsn, cluster, FixedClock(NOW)) == (2, 0)


def the_index_follows_the_new_epoch(found: list[Record], folder: Path) -> None:
    """A revision of the new epoch replaces a higher one of the lost future."""
    writer = TantivyWriter(folder)
    assert Projector(writer, decode).apply(found) == []
    writer.close()
    reader = TantivyReader(folder)
    page = reader.search(parse_query("公司", field="query"), filters=Filters(), offset=0, limit=10)
    reader.close()
    assert {(d.credit_code, d.name) for d in page.documents} == {
        (CODE, "云上艾珀（贵州）技术有限公司"),
        (OTHER, "另一家公司"),
    }


def test_the_embedded_topic_is_republished_too(credit: World) -> None:
    credit.log.publish([Message(topic=RECORD, key=GHOST, value=b"a record of nobody")])
    credit.drain()
    assert republish_records(credit.dsn, credit.log, FixedClock(NOW)) == (2, 1)


def test_a_version_is_of_its_epoch_first() -> None:
    assert version_of(2, 1) > version_of(1, 2**40 - 1) > version_of(0, 5) == 5
    assert revision_of(version_of(3, 17)) == 17
    with pytest.raises(InvalidInput, match="ce_epoch"):
        decode(Record(RECORD, 0, 0, CODE, {"ce_epoch": "soon"}, _record()))


def _record() -> bytes:
    return PublicRecord(credit_code=CODE, name="店", grade="A").SerializeToString()
