"""What is to be sent: a webhook's messages get their numbers from what it carries, and wait until they are taken over.

One process at a time sends for a webhook: it holds its claim, and each of its writes is refused once another has it. A
position moves by compare-and-set in the transaction that numbers what was read, so a restart neither loses nor doubles.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg import Connection

from services.common.db.pool import Pool
from services.common.eventlog.port import OffsetConflict
from services.common.eventlog.topics import TOPICS
from services.credit.adapters.webhooks.rows import TOPIC_OF, read_webhooks
from services.credit.domain.webhooks.webhook import Content, Webhook

MOST_CLAIMED = 200
CHUNK = 500
#: So many waiting messages are looked through for those that are first of their enterprise.
WINDOW = 500

_CLAIM = """
UPDATE credit.webhook SET claim = %(holder)s, claimed_until = clock_timestamp() + %(seconds)s * interval '1 second'
WHERE webhook_id IN (
    SELECT webhook_id FROM credit.webhook
    WHERE state = 1 AND (claimed_until < clock_timestamp()
        OR (claim = %(holder)s AND claimed_until < clock_timestamp() + %(renew)s * interval '1 second'))
    ORDER BY claimed_until LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
"""
_BUSY = """
SELECT webhook_id FROM credit.webhook AS w WHERE claim = %(holder)s AND claimed_until > clock_timestamp() AND state = 1 AND (
    EXISTS (
        SELECT FROM credit.webhook_message AS m WHERE m.webhook_id = w.webhook_id AND m.is_waiting AND NOT EXISTS (
            SELECT FROM credit.webhook_lane AS l
            WHERE l.webhook_id = m.webhook_id AND l.code = m.code AND l.due_at > %(now)s
        )
    ) OR CASE WHEN content = 1 THEN EXISTS (
        SELECT FROM credit.department_feed AS f JOIN credit.webhook_position AS p ON p.webhook_id = w.webhook_id
        WHERE f.department = w.owner AND f.last_number >= p.value
    ) ELSE EXISTS (
        SELECT FROM eventlog.feed AS f
        LEFT JOIN credit.webhook_position AS p ON p.webhook_id = w.webhook_id AND p.partition = f.partition
        WHERE f.topic = w.topic AND f.next_seq > coalesce(p.value, 0)
    ) END
)
"""
_OURS = "webhook_id = %s AND claim = %s AND state = 1"
# A partition that came later than the webhook is read from its start.
_READ_TOPIC = """
SELECT a.partition, p.seq, m.key
FROM unnest(%(partitions)s::int[]) AS a (partition)
LEFT JOIN credit.webhook_position AS w ON w.webhook_id = %(webhook_id)s AND w.partition = a.partition
CROSS JOIN LATERAL (
    SELECT seq, message_id FROM eventlog.position
    WHERE topic = %(topic)s AND partition = a.partition AND seq >= coalesce(w.value, 0) ORDER BY seq LIMIT %(chunk)s
) AS p
JOIN eventlog.message AS m ON m.id = p.message_id
ORDER BY a.partition, p.seq
"""
_READ_DIRECTIVES = """
SELECT 0, d.number, o.code
FROM credit.webhook_position AS w
JOIN credit.department_directive AS d ON d.department = %(owner)s AND d.number >= w.value
JOIN credit.directive AS o USING (directive_id)
WHERE w.webhook_id = %(webhook_id)s ORDER BY d.number LIMIT %(chunk)s
"""
_MOVE = """
INSERT INTO credit.webhook_position AS p (webhook_id, partition, value) VALUES (%s, %s, %s)
ON CONFLICT (webhook_id, partition) DO UPDATE SET value = excluded.value WHERE p.value <= %s
"""
_NUMBER = """
INSERT INTO credit.webhook_message (webhook_id, number, code, partition, seq, recorded_at, epoch)
SELECT %s, %s + n, code, partition, seq, %s, (SELECT max(epoch) FROM eventlog.epoch)
FROM unnest(%s::text[], %s::int[], %s::int8[]) WITH ORDINALITY AS m (code, partition, seq, n)
"""
_WAITING = """
SELECT number, code, partition, seq, recorded_at, epoch FROM credit.webhook_message AS m
WHERE webhook_id = %(webhook_id)s AND is_waiting AND code <> ALL(%(flying)s) AND NOT EXISTS (
    SELECT FROM credit.webhook_lane AS l
    WHERE l.webhook_id = m.webhook_id AND l.code = m.code AND l.due_at > %(now)s
) ORDER BY number LIMIT %(window)s
"""


class Waiting(NamedTuple):
    """A message that is the first of its enterprise to be sent; `epoch` is the one in which it got its number."""

    number: int
    code: str
    partition: int
    seq: int
    recorded_at: datetime
    epoch: int

    def message_id(self, webhook_id: str) -> str:
        """Return its id, the same at each attempt: a number that was given again after a restore is another message."""
        return f"msg_{webhook_id}_{self.epoch}_{self.number}"


class Queue:
    """The queue of all webhooks, as one sender sees it; blocking, each method a transaction of its own."""

    def __init__(self, pool: Pool, holder: str, answer_seconds: float) -> None:
        """Hold claims for three times what an answer may take; a third is for sending, a third for the answer."""
        self._pool = pool
        self.holder = holder
        self.answer_seconds = answer_seconds

    def busy(self, now: datetime) -> list[str]:
        """Claim what nobody sends for, keep what is claimed, and return those of ours that have something to send."""
        given = {
            "holder": self.holder, "seconds": 3 * self.answer_seconds, "renew": 2 * self.answer_seconds,
            "most": MOST_CLAIMED, "now": now,
        }  # fmt: skip
        with self._pool.connection() as conn:
            conn.execute(_CLAIM, given)
            return [row[0] for row in conn.execute(_BUSY, given)]

    def release(self) -> None:
        """Let others send at once."""
        with self._pool.connection() as conn:
            conn.execute("UPDATE credit.webhook SET claimed_until = '-infinity' WHERE claim = %s", [self.holder])

    def fill(self, webhook_id: str, now: datetime) -> None:
        """Number what came since the last time, up to a chunk; nothing when the webhook is not ours any more."""
        with self._pool.connection() as conn:
            ours = read_webhooks(conn, f"{_OURS} FOR UPDATE", [webhook_id, self.holder])
            if ours:
                self._number(conn, ours[0], now)

    def next(self, webhook_id: str, flying: Collection[str], now: datetime) -> tuple[Webhook, Sequence[Waiting]] | None:
        """Return the webhook and the first waiting message of each enterprise that is not flying; None when it is not ours."""
        with self._pool.connection() as conn:
            ours = read_webhooks(conn, f"{_OURS} AND claimed_until > clock_timestamp()", [webhook_id, self.holder])
            if not ours:
                return None
            given = {"webhook_id": webhook_id, "flying": list(flying), "now": now, "window": WINDOW}
            first: dict[str, Waiting] = {}
            for row in conn.execute(_WAITING, given):
                first.setdefault(row[1], Waiting(*row))
        return ours[0], list(first.values())

    def _number(self, conn: Connection, webhook: Webhook, now: datetime) -> None:
        rows = self._read(conn, webhook)
        ends: dict[int, tuple[int, int]] = {}
        for partition, seq, _ in rows:
            ends[partition] = (ends[partition][0] if partition in ends else seq, seq + 1)
        for partition, (first, end) in sorted(ends.items()):
            if not conn.execute(_MOVE, [webhook.webhook_id, partition, end, first]).rowcount:
                raise OffsetConflict(f"another process moved the position of webhook {webhook.webhook_id}")
        wanted = [row for row in rows if not webhook.codes or row[2] in webhook.codes]
        if not wanted:
            return
        partitions, seqs, codes = map(list, zip(*wanted, strict=True))
        conn.execute(_NUMBER, [webhook.webhook_id, webhook.last_number, now, codes, partitions, seqs])
        conn.execute(
            "UPDATE credit.webhook SET last_number = last_number + %s WHERE webhook_id = %s",
            [len(wanted), webhook.webhook_id],
        )

    def _read(self, conn: Connection, webhook: Webhook) -> list[tuple[int, int, str]]:
        topic = TOPIC_OF[webhook.content]
        given = {"webhook_id": webhook.webhook_id, "owner": webhook.owner, "topic": topic, "chunk": CHUNK}
        if webhook.content is Content.DIRECTIVES:
            return conn.execute(_READ_DIRECTIVES, given).fetchall()
        return conn.execute(_READ_TOPIC, {**given, "partitions": list(range(TOPICS[topic].partitions))}).fetchall()
