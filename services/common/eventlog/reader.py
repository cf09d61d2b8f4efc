"""Reads feeds by position: the same query serves consumer groups, watches and tails."""

from collections.abc import Mapping

from orjson import loads
from psycopg import Connection

from services.common.eventlog.port import Record, TopicPartition

READ = """
SELECT s.topic, s.partition, s.seq, m.key, m.headers::text, m.payload
FROM (
    SELECT a.topic, a.partition, p.seq, p.message_id
    FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS a (topic, partition, start)
    CROSS JOIN LATERAL (
        SELECT seq, message_id FROM eventlog.position p
        WHERE p.topic = a.topic AND p.partition = a.partition AND p.seq >= a.start
        ORDER BY seq LIMIT %s
    ) AS p
    LIMIT %s
) AS s JOIN eventlog.message m ON m.id = s.message_id
"""

_OLDEST = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - m.recorded_at)), 0)::float8
FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS a (topic, partition, start)
CROSS JOIN LATERAL (
    SELECT message_id FROM eventlog.position p
    WHERE p.topic = a.topic AND p.partition = a.partition AND p.seq >= a.start ORDER BY seq LIMIT 1
) AS first JOIN eventlog.message m ON m.id = first.message_id
"""


def oldest_seconds(conn: Connection, starts: Mapping[TopicPartition, int]) -> float:
    """Return the age of the oldest message from the given positions on, by the database's clock; 0 without one."""
    given = [[tp.topic for tp in starts], [tp.partition for tp in starts], list(starts.values())]
    row = conn.execute(_OLDEST, given).fetchone()
    return max(0.0, float(row[0])) if row else 0.0


def read(conn: Connection, starts: Mapping[TopicPartition, int], limit: int) -> list[Record]:
    """Return up to `limit` records from the given positions on, in order per partition.

    Partitions are served in the order given: rotate it from call to call, so that a busy one starves nobody.
    """
    if not starts:
        return []
    topics = [tp.topic for tp in starts]
    partitions = [tp.partition for tp in starts]
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(READ, [topics, partitions, list(starts.values()), limit, limit]).fetchall()
    rows.sort()  # by topic, partition, offset: no two are alike
    return [
        Record(topic, partition, seq, key, loads(headers), value) for topic, partition, seq, key, headers, value in rows
    ]


def end_offsets(conn: Connection, topic: str, partitions: int) -> dict[TopicPartition, int]:
    """Return the position after the last record of each partition of a topic."""
    rows = conn.execute("SELECT partition, next_seq FROM eventlog.feed WHERE topic = %s", [topic]).fetchall()
    kept: dict[int, int] = dict(rows)
    return {TopicPartition(topic, p): kept.get(p, 0) for p in range(partitions)}
