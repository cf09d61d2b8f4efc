"""The bare loop over Kafka: the least that one process can do with topics and PostgreSQL.

It knows no project code but the protos and the names of topics. A batch is polled, parsed, and copied in one transaction
as one row an event and one row for each merchant touched, of the size of all that the worker rewrites with a record; then
one message is sent for each merchant touched, of the size of the merchant's record.
"""

import time
from collections.abc import Iterator
from typing import Any

import psycopg
from kafka import KafkaConsumer, KafkaProducer
from kafka import TopicPartition as Place
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported
from merchantcredit.events.v1.violation_pb2 import ViolationReported
from merchantcredit.events.v1.volume_pb2 import VolumeReported

from services.common.eventlog.kafka.settings import CONSUMER, PRODUCER, KafkaSettings
from services.common.eventlog.topics import COMPLAINT, KEYED, RECORD, VIOLATION, VOLUME

_TABLES = """
CREATE TABLE event (topic text, partition int, seq bigint, key text, payload bytea);
CREATE TABLE record (key text, record bytea);
ALTER TABLE record SET (toast_tuple_target = 8160), ALTER COLUMN record SET STORAGE EXTERNAL;
"""
_PARSERS = {COMPLAINT: ComplaintReported, VIOLATION: ViolationReported, VOLUME: VolumeReported}


def run(
    dsn: str, settings: KafkaSettings, records: dict[str, tuple[bytes, bytes]], events: int, batches: Iterator[int]
) -> float:
    """Take so many events from the intake topics; return the seconds until the last message was sent."""
    consumer = KafkaConsumer(**settings.connection, **CONSUMER)
    producer = KafkaProducer(**settings.connection, **PRODUCER)
    consumer.assign([Place(settings.physical(topic), n) for topic in _PARSERS for n in range(KEYED)])
    consumer.seek_to_beginning()
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(_TABLES)
        began = time.perf_counter()
        left = events
        while left > 0:
            rows = _poll(consumer, next(batches))
            touched = {_PARSERS[settings.logical(row.topic)].FromString(row.value).credit_code for row in rows}
            answers = {code: records.get(code, (b"", b"")) for code in touched}
            _copy(conn, rows, {code: kept for code, (_, kept) in answers.items()})
            for number, (code, (said, _)) in enumerate(answers.items()):
                producer.send(
                    settings.physical(RECORD),
                    value=said,
                    key=code.encode(),
                    partition=number % KEYED,
                )
            left -= len(rows)
        producer.flush()
        seconds = time.perf_counter() - began
    consumer.close(autocommit=False)
    producer.close()
    return seconds


def _poll(consumer: KafkaConsumer, batch: int) -> list[Any]:
    """Return a batch; a fetch holds less, so several are gathered, as the worker does."""
    rows: list[Any] = []
    while not rows:
        rows += [row for found in consumer.poll(timeout_ms=500, max_records=batch).values() for row in found]
    while len(rows) < batch and (more := consumer.poll(timeout_ms=0, max_records=batch - len(rows))):
        rows += [row for found in more.values() for row in found]
    return rows


def _copy(conn: psycopg.Connection, rows: list[Any], kept: dict[str, bytes]) -> None:
    with conn.transaction(), conn.cursor() as cursor:
        with cursor.copy("COPY event FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["text", "int4", "int8", "text", "bytea"])
            for row in rows:
                copy.write_row((row.topic, row.partition, row.offset, row.key.decode(), row.value))
        with cursor.copy("COPY record FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["text", "bytea"])
            for row in kept.items():
                copy.write_row(row)
