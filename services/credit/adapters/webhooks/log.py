"""Writes how an attempt ended: taken over, to be tried again, or the last one before the webhook is disabled."""

from datetime import datetime, timedelta
from typing import NamedTuple

from merchantcredit.events.v1.webhook_pb2 import WebhookDisabled
from psycopg import Connection

from services.common.db.pool import Pool
from services.common.eventlog import cloudevents, outbox
from services.common.eventlog.port import Message
from services.common.eventlog.topics import WEBHOOK_DISABLED
from services.credit.adapters.punishment.codec import SOURCE
from services.credit.adapters.webhooks.queue import Waiting
from services.credit.adapters.webhooks.rows import read_webhooks
from services.credit.domain.webhooks.schedule import Schedule
from services.credit.domain.webhooks.webhook import State, Webhook

#: So long what was taken over can be sent again, and the log be read.
KEEP = timedelta(days=30)
_FAILED = """
INSERT INTO credit.webhook_lane AS l (webhook_id, code, attempts, due_at) VALUES (%s, %s, 1, %s)
ON CONFLICT (webhook_id, code) DO UPDATE SET attempts = l.attempts + 1 RETURNING attempts
"""


class Outcome(NamedTuple):
    """How an attempt ended; `error` is empty when the message was taken over."""

    began_at: datetime
    status: int
    error: str
    took_ms: int


class DeliveryLog:
    """Writes for one sender; blocking, each method a transaction of its own."""

    def __init__(self, pool: Pool, holder: str, schedule: Schedule) -> None:
        self._pool = pool
        self._holder = holder
        self._schedule = schedule

    def note(self, webhook: Webhook, waiting: Waiting, outcome: Outcome, now: datetime, chance: float) -> str:
        """Log an attempt and act on it; returns why the webhook was disabled by it, else an empty text.

        What was sent before the claim was lost, or before the webhook was told to send again, is logged and no more.
        """
        with self._pool.connection() as conn:
            self._log(conn, webhook, waiting, outcome)
            ours = "webhook_id = %s AND claim = %s AND state = 1 AND replays = %s FOR UPDATE"
            found = read_webhooks(conn, ours, [webhook.webhook_id, self._holder, webhook.replays])
            if not found:
                return ""
            if outcome.error:
                return self._put_off(conn, found[0], waiting, outcome, now, chance)
            self._take_over(conn, webhook.webhook_id, waiting)
        return ""

    def supersede(self, webhook: Webhook, waiting: Waiting) -> None:
        """Leave out a message whose content a newer one superseded."""
        with self._pool.connection() as conn:
            self._take_over(conn, webhook.webhook_id, waiting)

    def prune(self, now: datetime) -> None:
        """Drop what is older than is kept; what waits stays, but for a webhook that is deleted."""
        before = now - KEEP
        with self._pool.connection() as conn:
            conn.execute("DELETE FROM credit.webhook_attempt WHERE attempted_at < %s", [before])
            conn.execute(
                "DELETE FROM credit.webhook_message AS m USING credit.webhook AS w WHERE w.webhook_id = m.webhook_id"
                " AND m.recorded_at < %s AND (NOT m.is_waiting OR w.state = %s)",
                [before, State.DELETED],
            )

    @staticmethod
    def _log(conn: Connection, webhook: Webhook, waiting: Waiting, outcome: Outcome) -> None:
        conn.execute(
            "INSERT INTO credit.webhook_attempt (webhook_id, number, code, attempted_at, status, error, took_ms)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [webhook.webhook_id, waiting.number, waiting.code, outcome.began_at, outcome.status, outcome.error,
             outcome.took_ms],
        )  # fmt: skip

    @staticmethod
    def _take_over(conn: Connection, webhook_id: str, waiting: Waiting) -> None:
        conn.execute(
            "UPDATE credit.webhook_message SET is_waiting = false WHERE webhook_id = %s AND number = %s AND is_waiting",
            [webhook_id, waiting.number],
        )
        conn.execute("DELETE FROM credit.webhook_lane WHERE webhook_id = %s AND code = %s", [webhook_id, waiting.code])
        conn.execute(
            "UPDATE credit.webhook SET failing_since = NULL WHERE webhook_id = %s AND failing_since IS NOT NULL",
            [webhook_id],
        )

    def _put_off(
        self, conn: Connection, webhook: Webhook, waiting: Waiting, outcome: Outcome, now: datetime, chance: float
    ) -> str:
        """Wait longer with each failure; disable after lasting failure."""
        row = conn.execute(_FAILED, [webhook.webhook_id, waiting.code, now]).fetchone()
        due = now + self._schedule.wait(int(row[0]) if row else 1, chance)
        conn.execute(
            "UPDATE credit.webhook_lane SET due_at = %s WHERE webhook_id = %s AND code = %s",
            [due, webhook.webhook_id, waiting.code],
        )
        since = webhook.failing_since or outcome.began_at
        why = self._schedule.why_disable(outcome.status, since, now)
        conn.execute("UPDATE credit.webhook SET failing_since = %s WHERE webhook_id = %s", [since, webhook.webhook_id])
        if why:
            _disable(conn, webhook, why, now)
        return why


def _disable(conn: Connection, webhook: Webhook, why: str, now: datetime) -> None:
    """Stop sending, and tell so in the same commit."""
    conn.execute(
        "UPDATE credit.webhook SET state = %s, disabled_at = %s, disabled_reason = %s WHERE webhook_id = %s",
        [State.DISABLED, now, why, webhook.webhook_id],
    )
    told = WebhookDisabled(webhook_id=webhook.webhook_id, owner=webhook.owner, url=webhook.url, reason=why)
    told.disabled_time.FromDatetime(now)
    headers = cloudevents.headers(
        event_id=f"{webhook.webhook_id}:{now.isoformat()}", event_type=WEBHOOK_DISABLED, source=SOURCE, time=now
    )
    message = Message(topic=WEBHOOK_DISABLED, key=webhook.owner, value=told.SerializeToString(), headers=headers)
    outbox.append(conn, [message])
