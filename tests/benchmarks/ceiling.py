"""The ceiling of the credit worker: the least that one process can do with a feed and PostgreSQL, in one plain loop.

It knows no project code but the protos. A batch is read from the feed with one statement, parsed, copied as one row an
event, and answered with one upsert and one message for each merchant touched; all in one transaction, with its offset.
The message is of the size of the merchant's record, the upsert of the size of all that the worker rewrites with a record.
"""

import time
from collections.abc import Iterator

import psycopg
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported
from merchantcredit.events.v1.violation_pb2 import ViolationReported
from merchantcredit.events.v1.volume_pb2 import VolumeReported

_TABLES = """
CREATE SCHEMA ceiling;
CREATE TABLE ceiling.event (key text, topic text, partition int, seq bigint, headers jsonb, payload bytea);
CREATE TABLE ceiling.record (key text PRIMARY KEY, seq bigint NOT NULL, record bytea NOT NULL);
CREATE TABLE ceiling.message (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text, payload bytea NOT NULL);
ALTER TABLE ceiling.record SET (toast_tuple_target = 8160), ALTER COLUMN record SET STORAGE EXTERNAL;
ALTER TABLE ceiling.message SET (toast_tuple_target = 8160), ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE TABLE ceiling.feed_offset (topic text, partition int, value bigint, PRIMARY KEY (topic, partition));
INSERT INTO ceiling.feed_offset
SELECT topic, partition, 0 FROM eventlog.feed WHERE topic LIKE '%intake%' AND topic NOT LIKE '%dlq%';
"""
_READ = """
SELECT p.topic, p.partition, p.seq, m.key, m.headers::text, m.payload
FROM ceiling.feed_offset o CROSS JOIN LATERAL (
    SELECT * FROM eventlog.position p
    WHERE p.topic = o.topic AND p.partition = o.partition AND p.seq >= o.value ORDER BY seq LIMIT %(limit)s
) AS p JOIN eventlog.message m ON m.id = p.message_id ORDER BY p.message_id LIMIT %(limit)s
"""
_UPSERT = """
INSERT INTO ceiling.record (key, seq, record) SELECT * FROM unnest(%b::text[], %b::bigint[], %b::bytea[])
ON CONFLICT (key) DO UPDATE SET seq = excluded.seq, record = excluded.record
"""
_SAY = "INSERT INTO ceiling.message (key, payload) SELECT * FROM unnest(%b::text[], %b::bytea[])"
_MOVE = """
UPDATE ceiling.feed_offset AS o SET value = g.v
FROM unnest(%b::text[], %b::int[], %b::bigint[]) AS g (t, p, v) WHERE o.topic = g.t AND o.partition = g.p
"""
_PARSERS = {"complaint": ComplaintReported, "violation": ViolationReported, "volume": VolumeReported}


def prepare(dsn: str) -> None:
    """Make the loop's tables; its feeds start where they start."""
    with psycopg.connect(dsn) as conn:
        conn.execute(_TABLES)


def run(dsn: str, records: dict[str, tuple[bytes, bytes]], batches: Iterator[int]) -> float:
    """Take all events from the feed, writing the given bytes of each merchant touched; return the seconds it took."""
    began = time.perf_counter()
    with psycopg.connect(dsn, autocommit=True) as conn:
        while _step(conn, records, next(batches)):
            pass
    return time.perf_counter() - began


def _step(conn: psycopg.Connection, records: dict[str, tuple[bytes, bytes]], batch: int) -> int:
    with conn.transaction(), conn.cursor(binary=True) as cursor:
        rows = cursor.execute(_READ, {"limit": batch}).fetchall()
        if not rows:
            return 0
        touched = {_parse(row[0], row[5]).credit_code: row[2] for row in rows}
        with cursor.copy("COPY ceiling.event FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["text", "text", "int4", "int8", "jsonb", "bytea"])
            for topic, partition, seq, key, headers, payload in rows:
                copy.write_row((key, topic, partition, seq, headers, payload))
        keys = sorted(touched)
        said, kept = zip(*(records.get(key, (b"", b"")) for key in keys), strict=True)
        cursor.execute(_UPSERT, [keys, [touched[key] for key in keys], list(kept)])
        cursor.execute(_SAY, [keys, list(said)])
        ends = {(row[0], row[1]): row[2] + 1 for row in rows}
        topics, partitions = [t for t, _ in ends], [p for _, p in ends]
        cursor.execute(_MOVE, [topics, partitions, list(ends.values())])
    return len(rows)


def _parse(topic: str, payload: bytes) -> ComplaintReported | ViolationReported | VolumeReported:
    return _PARSERS[topic.split(".")[2]].FromString(payload)
