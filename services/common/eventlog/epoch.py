"""Epochs: a restore begins one, so that what was said in the lost future is known for what it is."""

from collections.abc import Mapping

import psycopg

#: An index orders states of one record by epoch first: `epoch * 2**40 + revision` (design.md section 4.8).
REVISION_BITS = 40
#: An extension attribute of CloudEvents: the epoch in which a state of a record was told; absent is before all epochs.
EPOCH_HEADER = "ce_epoch"
_BEGIN = """
INSERT INTO eventlog.epoch (epoch, began_at)
SELECT %s, coalesce(jsonb_object_agg(topic || '/' || partition, next_seq), '{}') FROM eventlog.feed
"""
_ENDS = """
SELECT key, min(value::bigint) FROM eventlog.epoch, jsonb_each_text(began_at)
WHERE epoch > %s AND starts_with(key, %s || '/') GROUP BY key
"""


def current(conn: psycopg.Connection) -> int:
    """Return the epoch of a database."""
    row = conn.execute("SELECT max(epoch) FROM eventlog.epoch").fetchone()
    return int(row[0]) if row else 0


def begin(conn: psycopg.Connection, epoch: int) -> None:
    """Begin an epoch at what the feeds hold now; call it before anything is written after a restore."""
    conn.execute(_BEGIN, [epoch])


async def common_ends(conn: psycopg.AsyncConnection, topic: str, told_epoch: int) -> Mapping[int, int]:
    """Return up to where each partition of a topic is the same in an older epoch and now; 0 for what is absent."""
    rows = await (await conn.execute(_ENDS, [told_epoch, topic])).fetchall()
    return {int(place.rpartition("/")[2]): end for place, end in rows}


def version_of(epoch: int, revision: int) -> int:
    """Return the version that orders a revision before all of later epochs."""
    return (epoch << REVISION_BITS) + revision


def revision_of(version: int) -> int:
    """Return the revision of a version."""
    return version & ((1 << REVISION_BITS) - 1)
