"""Group membership over PostgreSQL: join, heartbeat, expiry, and the assignment that follows from the members."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import Connection

from services.common.eventlog.port import TopicPartition
from services.common.eventlog.topics import TOPICS


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A member's share of the work under one generation of the group."""

    generation: int
    partitions: frozenset[TopicPartition]


def heartbeat(
    conn: Connection, *, group: str, member: str, topics: Sequence[str], session_seconds: float
) -> Membership:
    """Show that the member lives, expel who does not, and return the present share; call inside a transaction.

    The group's row is locked, so that all members see the same generations in the same order.
    """
    conn.execute("INSERT INTO eventlog.consumer_group VALUES (%s, 0) ON CONFLICT DO NOTHING", [group])
    conn.execute("SELECT 1 FROM eventlog.consumer_group WHERE group_id = %s FOR UPDATE", [group])
    expelled = conn.execute(
        "DELETE FROM eventlog.member WHERE group_id = %s AND member_id <> %s"
        " AND heartbeat_at < clock_timestamp() - make_interval(secs => %s)",
        [group, member, session_seconds],
    ).rowcount
    joined = conn.execute(
        "INSERT INTO eventlog.member VALUES (%s, %s, %s, clock_timestamp())"
        " ON CONFLICT (group_id, member_id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at RETURNING xmax = 0",
        [group, member, list(topics)],
    ).fetchone()
    changed = bool(expelled) or (joined is not None and joined[0])
    return _membership(conn, group, member, bump=changed)


def leave(conn: Connection, *, group: str, member: str) -> None:
    """Leave the group, so that the others take over at their next heartbeat."""
    if conn.execute("DELETE FROM eventlog.member WHERE group_id = %s AND member_id = %s", [group, member]).rowcount:
        conn.execute("UPDATE eventlog.consumer_group SET generation = generation + 1 WHERE group_id = %s", [group])


def _membership(conn: Connection, group: str, member: str, *, bump: bool) -> Membership:
    row = conn.execute(
        "UPDATE eventlog.consumer_group SET generation = generation + %s WHERE group_id = %s RETURNING generation",
        [int(bump), group],
    ).fetchone()
    rows = conn.execute("SELECT member_id, topics FROM eventlog.member WHERE group_id = %s", [group]).fetchall()
    generation = row[0] if row is not None else 0
    return Membership(generation=generation, partitions=assign(dict(rows), member))


def assign(members: dict[str, list[str]], member: str) -> frozenset[TopicPartition]:
    """Deal the partitions of all subscribed topics to the members in ranges; return one member's hand.

    The same partition of every topic goes to the same member: what is told of one key meets in one place, and members
    do not wait for each other's locks.
    """
    topics = {topic for subscribed in members.values() for topic in subscribed}
    order = sorted(members)
    all_partitions = [TopicPartition(topic, p) for topic in topics for p in range(TOPICS[topic].partitions)]
    return frozenset(tp for tp in all_partitions if order[_dealt(tp, len(order))] == member)


def _dealt(tp: TopicPartition, members: int) -> int:
    return tp.partition * members // TOPICS[tp.topic].partitions
