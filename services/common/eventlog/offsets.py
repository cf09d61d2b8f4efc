"""A consumer's offsets, in the consumer's own database and in the transaction of the effect."""

from collections.abc import Mapping, Sequence

from psycopg import Connection

from services.common.eventlog.port import OffsetConflict, TopicPartition

_ADVANCE = """
INSERT INTO eventlog.group_offset AS o (group_id, topic, partition, value, generation)
SELECT %s, t, p, v, %s FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[]) AS a (t, p, f, v)
ON CONFLICT (group_id, topic, partition) DO UPDATE
SET value = excluded.value, generation = excluded.generation
WHERE o.generation <= excluded.generation
  AND o.value = (
    SELECT f FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS b (t, p, f) WHERE t = o.topic AND p = o.partition
  )
"""


def load(conn: Connection, group: str, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
    """Return the offset of each partition; 0 where none is kept."""
    rows = conn.execute(
        "SELECT topic, partition, value FROM eventlog.group_offset WHERE group_id = %s", [group]
    ).fetchall()
    kept = {TopicPartition(topic, partition): value for topic, partition, value in rows}
    return {partition: kept.get(partition, 0) for partition in partitions}


def advance(conn: Connection, group: str, moves: Mapping[TopicPartition, tuple[int, int]], generation: int) -> None:
    """Move offsets from one value to the next, in the caller's transaction, sorted so that consumers cannot deadlock.

    Raises OffsetConflict when another generation or another value stands there: the caller must roll back.
    """
    ordered = sorted(moves.items())
    topics = [tp.topic for tp, _ in ordered]
    partitions = [tp.partition for tp, _ in ordered]
    sources = [source for _, (source, _) in ordered]
    targets = [target for _, (_, target) in ordered]
    moved = conn.execute(
        _ADVANCE, [group, generation, topics, partitions, sources, targets, topics, partitions, sources]
    ).rowcount
    if moved != len(ordered):
        raise OffsetConflict(f"{len(ordered) - moved} offsets of {group} were moved by another consumer")
