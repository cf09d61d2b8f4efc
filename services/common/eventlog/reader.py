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
