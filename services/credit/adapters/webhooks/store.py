"""Webhooks in PostgreSQL for their owners, inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg import Connection

from services.common.errors import CursorExpired
from services.credit.adapters.webhooks.rows import NAMES, TOPIC_OF, read_webhooks
from services.credit.domain.webhooks.webhook import Content, State, Webhook, webhook_not_found

MOST_COUNTED = 10_000
_CHANGING = ("state", "disabled_at", "disabled_reason", "failing_since", "secret_generation", "former_until", "replays")
# The start is what is kept; the end is after the newest that has a number.
_POSITIONS = """
INSERT INTO credit.webhook_position (webhook_id, partition, value)
SELECT %(webhook_id)s, partition, CASE WHEN %(is_from_start)s THEN first_seq ELSE next_seq END
FROM eventlog.feed WHERE topic = %(topic)s
"""
_DIRECTIVE_POSITION = """
INSERT INTO credit.webhook_position (webhook_id, partition, value)
VALUES (%(webhook_id)s, 0, 1 + CASE WHEN %(is_from_start)s THEN 0 ELSE
    coalesce((SELECT last_number FROM credit.department_feed WHERE department = %(owner)s), 0) END)
"""
_DELIVERIES = """
SELECT attempt_id, number, code, attempted_at, status, error, took_ms FROM credit.webhook_attempt
WHERE webhook_id = %s AND (%s = 0 OR attempt_id < %s) AND (NOT %s OR error <> '') ORDER BY attempt_id DESC LIMIT %s
"""


class Delivery(NamedTuple):
    """One attempt of the log."""

    attempt_id: int
    number: int
    code: str
    attempted_at: datetime
    status: int
    error: str
    took_ms: int


class PostgresWebhooks:
    """The store of one transaction."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def count(self, owner: str) -> int:
        """Lock the owner's webhooks and return how many are not deleted."""
        self._conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('credit.webhook/' || %s, 0))", [owner])
        return self._number("SELECT count(*) FROM credit.webhook WHERE owner = %s AND state <> 3", owner)

    def add(self, webhook: Webhook, *, is_from_start: bool) -> None:
        """Write a new webhook with its position."""
        given = [list(webhook.codes) if name == "codes" else getattr(webhook, name) for name in NAMES]
        marks = ", ".join(["%s"] * (len(NAMES) + 1))
        topic = TOPIC_OF[webhook.content]
        self._conn.execute(f"INSERT INTO credit.webhook ({', '.join(NAMES)}, topic) VALUES ({marks})", [*given, topic])
        statement = _DIRECTIVE_POSITION if webhook.content is Content.DIRECTIVES else _POSITIONS
        self._conn.execute(
            statement,
            {"webhook_id": webhook.webhook_id, "owner": webhook.owner, "topic": topic, "is_from_start": is_from_start},
        )

    def locked(self, webhook_id: str, owner: str) -> Webhook:
        """Lock and return a webhook of an owner; raises NotFound."""
        return self._one("webhook_id = %s AND owner = %s AND state <> 3 FOR UPDATE", webhook_id, owner)

    def save(self, webhook: Webhook) -> None:
        """Write where a webhook stands."""
        settings = ", ".join(f"{name} = %s" for name in _CHANGING)
        values = [getattr(webhook, name) for name in _CHANGING]
        self._conn.execute(f"UPDATE credit.webhook SET {settings} WHERE webhook_id = %s", [*values, webhook.webhook_id])

    def send_again(self, webhook: Webhook, from_number: int) -> None:
        """Let the messages from a number on wait again; raises CursorExpired for one that is not kept."""
        first = self._number(
            "SELECT coalesce(min(number), 0) FROM credit.webhook_message WHERE webhook_id = %s", webhook.webhook_id
        )
        if not first or not first <= from_number <= webhook.last_number:
            raise CursorExpired(
                f"from_number: this webhook keeps the numbers {first} to {webhook.last_number if first else 0}"
            )
        self._conn.execute(
            "UPDATE credit.webhook_message SET is_waiting = true WHERE webhook_id = %s AND number >= %s AND NOT is_waiting",
            [webhook.webhook_id, from_number],
        )
        self._conn.execute("DELETE FROM credit.webhook_lane WHERE webhook_id = %s", [webhook.webhook_id])

    def retry_now(self, webhook: Webhook, now: datetime) -> None:
        """Let what failed be tried again at once."""
        self._conn.execute(
            "UPDATE credit.webhook_lane SET due_at = %s WHERE webhook_id = %s", [now, webhook.webhook_id]
        )

    def find(self, webhook_id: str, owner: str, *, is_any: bool = False) -> Webhook:
        """Return a webhook of an owner, or of anybody; raises NotFound."""
        return self._one("webhook_id = %s AND (owner = %s OR %s) AND state <> 3", webhook_id, owner, is_any)

    def page(self, owner: str, after: str, limit: int, *, is_any: bool, disabled_only: bool) -> list[Webhook]:
        """Return webhooks of an owner, or of all, after an id, by id."""
        where = "(owner = %s OR %s) AND state <> 3 AND (NOT %s OR state = %s) AND webhook_id > %s ORDER BY webhook_id LIMIT %s"
        return read_webhooks(self._conn, where, [owner, is_any, disabled_only, State.DISABLED, after, limit])

    def waiting(self, webhook_id: str) -> tuple[int, int]:
        """Return how many messages wait, and how many enterprises' wait behind one that failed."""
        of_all = self._number(
            "SELECT count(*) FROM (SELECT FROM credit.webhook_message WHERE webhook_id = %s AND is_waiting LIMIT %s) AS w",
            webhook_id, MOST_COUNTED,
        )  # fmt: skip
        return of_all, self._number("SELECT count(*) FROM credit.webhook_lane WHERE webhook_id = %s", webhook_id)

    def deliveries(self, webhook_id: str, before: int, limit: int, *, failed_only: bool) -> Sequence[Delivery]:
        """Return attempts before one, the newest first; 0 begins with the newest."""
        rows = self._conn.execute(_DELIVERIES, [webhook_id, before, before, failed_only, limit])
        return [Delivery(*row) for row in rows]

    def _one(self, where: str, webhook_id: str, *given: object) -> Webhook:
        found = read_webhooks(self._conn, where, [webhook_id, *given])
        if not found:
            raise webhook_not_found(webhook_id)
        return found[0]

    def _number(self, query: str, *given: object) -> int:
        row = self._conn.execute(query, given).fetchone()
        return int(row[0]) if row else 0
