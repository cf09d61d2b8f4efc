"""Subscribers without a server before them: grade changes of any number of enterprises, and senders in threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from uuid import uuid4

import psycopg
from merchantcredit.events.v1.grade_change_pb2 import GradeChanged

from services.common.auth.actor import Actor, Role
from services.common.clock import SystemClock
from services.common.eventlog import outbox
from services.common.eventlog.port import Message
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import GRADE_CHANGE
from services.credit.adapters.webhooks.store import PostgresWebhooks
from services.credit.application.webhooks import change
from services.credit.application.webhooks.subscribe import Subscription, subscribe
from services.credit.bootstrap import sending_webhooks
from services.credit.config import CreditConfig
from services.credit.consumers.webhooks import WebhookSender
from services.credit.domain.webhooks.schedule import Schedule
from services.credit.domain.webhooks.signature import secret, written
from services.credit.domain.webhooks.webhook import Content, Webhook

KEY = b"a service's key"
AGENCY = Actor(subject="agent", office="agency-1", roles=frozenset({Role.AGENCY}))
FAST = Schedule(first_seconds=0.02, most_seconds=0.05)
LOOPBACK = (ip_network("127.0.0.0/8"),)


class Hooks:
    """One database's webhooks."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.config = CreditConfig(dsn=dsn, complainant_key=KEY, webhook_networks=LOOPBACK)

    def subscribe(self, url: str, *, is_from_start: bool = True, codes: tuple[str, ...] = ()) -> str:
        asked = Subscription(
            webhook_id=uuid4().hex, url=url, content=Content.GRADE_CHANGES, codes=codes, is_from_start=is_from_start
        )
        with psycopg.connect(self.dsn) as conn:
            subscribe(PostgresWebhooks(conn), AGENCY, asked, datetime.now(UTC))
        return asked.webhook_id

    def secret(self, webhook_id: str, generation: int = 1) -> str:
        return written(secret(KEY, webhook_id, generation))

    def tell(self, *codes: str) -> None:
        """Announce a grade change of each, in this order."""
        messages = [
            Message(topic=GRADE_CHANGE, key=code, value=GradeChanged(credit_code=code).SerializeToString())
            for code in codes
        ]
        with psycopg.connect(self.dsn) as conn:
            outbox.append(conn, messages)
        Sequencer(self.dsn).sequence_once()

    def find(self, webhook_id: str) -> Webhook:
        with psycopg.connect(self.dsn) as conn:
            return PostgresWebhooks(conn).find(webhook_id, AGENCY.office)

    def waiting(self, webhook_id: str) -> tuple[int, int]:
        with psycopg.connect(self.dsn) as conn:
            return PostgresWebhooks(conn).waiting(webhook_id)

    def replay(self, webhook_id: str, from_number: int) -> None:
        with psycopg.connect(self.dsn) as conn:
            change.replay(PostgresWebhooks(conn), AGENCY, webhook_id, from_number)

    def enable(self, webhook_id: str) -> None:
        with psycopg.connect(self.dsn) as conn:
            change.enable(PostgresWebhooks(conn), AGENCY, webhook_id, datetime.now(UTC))

    def sender(self, schedule: Schedule = FAST, config: CreditConfig | None = None) -> WebhookSender:
        return sending_webhooks(config or self.config, SystemClock(), schedule)

    @contextmanager
    def sending(self, schedule: Schedule = FAST, config: CreditConfig | None = None) -> Iterator[None]:
        """Run a sender in a thread; raises what ended it."""
        stop, sender, failed = threading.Event(), self.sender(schedule, config), list[BaseException]()

        def run() -> None:
            try:
                sender.run(stop)
            except BaseException as error:  # noqa: BLE001 - raised below
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        if failed:
            raise failed[0]
