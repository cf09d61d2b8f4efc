"""The outbox: a writer's messages go into its own transaction, so that state and event leave in one commit."""

from collections.abc import Sequence

import orjson
from psycopg import Connection

from services.common.db.arrays import array
from services.common.eventlog.partition import partition_of
from services.common.eventlog.port import Message, UnknownTopic
from services.common.eventlog.topics import TOPICS
from services.common.telemetry import traces

#: Wakes the sequencer.
APPENDED = "eventlog_appended"

_INSERT = """
WITH said AS (
    INSERT INTO eventlog.message (topic, partition, key, headers, payload)
    SELECT t, p, k, h::json, v
    FROM unnest(%b::text[], %b::int[], %b::text[], %b::text[], %b::bytea[]) AS m (t, p, k, h, v)
    RETURNING id, topic, partition
), waiting AS (
    INSERT INTO eventlog.pending (message_id, topic, partition) SELECT id, topic, partition FROM said RETURNING message_id
)
SELECT pg_notify(%b, '') FROM (SELECT count(*) FROM waiting) AS told
"""


def append(conn: Connection, messages: Sequence[Message]) -> None:
    """Append messages inside the caller's transaction, in order.

    Each names the span that it is written in, where there is one.
    Take the row lock of the subject first: then ids are ordered per key. Raises UnknownTopic before it writes.
    """
    if not messages:
        return
    stamp = traces.stamp()
    partitions = [_partition(message) for message in messages]
    conn.execute(
        _INSERT,
        [
            array("text", [m.topic for m in messages]),
            array("int4", partitions),
            array("text", [m.key for m in messages]),
            array("text", [orjson.dumps({**stamp, **m.headers}).decode() for m in messages]),
            array("bytea", [m.value for m in messages]),
            APPENDED,
        ],
    )


def _partition(message: Message) -> int:
    topic = TOPICS.get(message.topic)
    if topic is None:
        raise UnknownTopic(f"{message.topic} is no topic of the platform", metadata={"topic": message.topic})
    return partition_of(message.key, topic.partitions) if message.partition is None else message.partition
