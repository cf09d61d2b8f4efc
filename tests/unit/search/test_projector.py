"""The projector over a real index: batches, tombstones, bad messages, positions and freshness."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from merchantcredit.credit.v1.record_pb2 import PublicRecord

from services.common.errors import InvalidInput
from services.common.eventlog.port import Record, TopicPartition
from services.common.eventlog.topics import RECORD
from services.search.adapters import payload
from services.search.adapters.tantivy_reader import TantivyReader
from services.search.adapters.tantivy_writer import TantivyWriter
from services.search.application.ports import Filters, Progress
from services.search.application.project import Projector
from services.search.application.rebuild import is_ahead
from services.search.consumers.records import decode
from services.search.domain.query import parse_query

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CODE = "91520102MA6H000001"


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[TantivyWriter]:
    writer = TantivyWriter(tmp_path)
    yield writer
    writer.close()


def public(name: str, revision: int, code: str = CODE) -> PublicRecord:
    return PublicRecord(credit_code=code, name=name, grade="A", revision=revision, region_code="520102")


def record(offset: int, value: PublicRecord | bytes, *, key: str = CODE, partition: int = 0) -> Record:
    data = value if isinstance(value, bytes) else value.SerializeToString()
    return Record(RECORD, partition, offset, key, {}, data)


def found(folder: Path, text: str) -> list[tuple[str, int]]:
    reader = TantivyReader(folder)
    page = reader.search(parse_query(text, field="query"), filters=Filters(), offset=0, limit=10)
    reader.close()
    return [(d.name, d.version) for d in page.documents]


def partitions(*offsets: int) -> dict[TopicPartition, int]:
    return {TopicPartition(RECORD, partition): offset for partition, offset in enumerate(offsets)}


def test_the_newest_revision_of_a_batch_counts(writer: TantivyWriter, tmp_path: Path) -> None:
    projector = Projector(writer, decode)
    assert projector.apply([record(n, public(f"第{r}版店", r)) for n, r in enumerate((1, 5, 3))]) == []
    assert projector.apply([record(3, public("第4版店", 4))]) == []
    assert found(tmp_path, "版店") == [("第5版店", 5)]


def test_a_tombstone_deletes_and_what_follows_it_stays(writer: TantivyWriter, tmp_path: Path) -> None:
    projector = Projector(writer, decode)
    projector.apply([record(0, public("老店", 5)), record(1, b"")])
    assert found(tmp_path, "老店") == []
    projector.apply([record(2, public("老店", 5)), record(3, b""), record(4, public("老店", 1))])
    assert found(tmp_path, "老店") == [("老店", 1)]


def test_bad_messages_come_back_with_the_field_and_the_rest_is_applied(writer: TantivyWriter, tmp_path: Path) -> None:
    bad = [
        b"\xff",
        public("店", 1, code="another"),
        public("", 1),
        PublicRecord(credit_code=CODE, name="店"),
    ]
    records = [*(record(n, value) for n, value in enumerate(bad)), record(4, public("好店", 1))]
    dead = Projector(writer, decode).apply(records)
    assert [letter.description.split(":")[0] for letter in dead] == [
        "value", "credit_code", "name", "grade",
    ]  # fmt: skip
    assert {letter.reason for letter in dead} == {"INVALID_FIELD"}
    assert found(tmp_path, "好店") == [("好店", 1)]
    assert writer.progress().positions == {0: 5}


def test_a_record_is_decoded_whole() -> None:
    full = public("店", 9)
    full.score_millipoints = 0
    document = decode(record(0, full))
    assert document is not None
    assert (document.version, document.score_millipoints) == (9, 0)
    with pytest.raises(InvalidInput):
        decode(record(0, public("店", -1)))


def test_the_index_reads_on_where_it_stands_not_where_the_group_does(writer: TantivyWriter) -> None:
    Projector(writer, decode).apply([record(4, public("店", 1))])
    projector = Projector(writer, decode)
    assert projector.resume(partitions(9, 7)) == partitions(5, 0)
    assert projector.resume(partitions(3, 0)) == partitions(3, 0)


def test_it_is_fresh_as_of_the_moment_at_which_it_had_reached_the_end(writer: TantivyWriter) -> None:
    projector = Projector(writer, decode)
    projector.aim(NOON, partitions(2, 1))
    projector.apply([record(0, public("店", 1)), record(1, public("店", 2))])
    assert writer.progress().as_of is None
    projector.aim(NOON + timedelta(seconds=9), partitions(9, 9))  # the older aim stands until it is reached
    projector.apply([record(0, public("店", 3), partition=1)])
    assert writer.progress() == Progress(as_of=NOON, positions={0: 2, 1: 1})
    projector.aim(NOON + timedelta(seconds=20), partitions(2, 1))
    projector.rest()
    assert writer.progress().as_of == NOON + timedelta(seconds=20)


def test_an_index_of_a_lost_future_is_known() -> None:
    assert is_ahead(Progress(positions={0: 5}), partitions(4, 9))
    assert not is_ahead(Progress(positions={0: 5}), partitions(5, 9))
    assert is_ahead(Progress(positions={7: 1}), partitions(5))


def test_what_an_index_of_the_former_schema_holds_can_be_read() -> None:
    facts = [["penalty:1", "2027-01-01"], ["complaint:2", ""]]
    former = (CODE, "老店", "A", 640_000, "520102", 1, 7)
    assert payload.load(orjson.dumps((*former, facts))).merged_into == ""
    assert payload.load(orjson.dumps((*former, [], "root"))).merged_into == "root"
    document = payload.load(orjson.dumps((*former, facts)))
    assert payload.load(payload.dump(document)) == document
