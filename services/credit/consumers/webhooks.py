"""Sends what waits to webhooks: one process at a time for each, in order for each enterprise, the others not held up."""

import asyncio
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from services.common.clock import Clock
from services.common.telemetry import health
from services.credit.adapters.webhooks.body import Bodies
from services.credit.adapters.webhooks.client import Client, DeliveryFailed
from services.credit.adapters.webhooks.log import DeliveryLog, Outcome
from services.credit.adapters.webhooks.queue import Queue, Waiting
from services.credit.domain.webhooks.schedule import is_delivered
from services.credit.domain.webhooks.signature import secret, signature
from services.credit.domain.webhooks.webhook import Webhook

POLL_SECONDS = 0.2
PRUNE_SECONDS = 3600.0
#: Enterprises of one webhook that are sent for side by side; one while it fails, so that a dead receiver costs little.
SIDE_BY_SIDE = 8
T = TypeVar("T")
log = structlog.get_logger()


class WebhookSender:
    """The loop that sends; any number of them share the webhooks."""

    name = "webhooks"

    def __init__(
        self, queue: Queue, bodies: Bodies, notes: DeliveryLog, client: Client, key: bytes, clock: Clock
    ) -> None:
        self._queue, self._bodies, self._notes, self._client = queue, bodies, notes, client
        self._key = key
        self._clock = clock
        # The database has threads of its own: the loop's resolve names, and a name server that hangs holds nothing else up.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix=self.name)
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._good_until = 0.0

    def run(self, stop: threading.Event) -> None:
        """Send until stopped; what is on its way then is waited for."""
        try:
            with health.awaited(self.name):
                asyncio.run(self._run(stop))
        finally:
            self._queue.release()
            self._threads.shutdown()

    async def _run(self, stop: threading.Event) -> None:
        prune_at = 0.0
        while not stop.is_set():
            if time.monotonic() >= prune_at:
                prune_at = time.monotonic() + PRUNE_SECONDS
                await self._db(self._notes.prune, self._clock.now())
            await self._begin(stop)
            health.beat(self.name)
            await asyncio.sleep(POLL_SECONDS)
        await asyncio.gather(*self._sending.values())

    async def _begin(self, stop: threading.Event) -> None:
        """Renew the claims, and begin with each webhook that has something to send."""
        for webhook_id in [one for one, task in self._sending.items() if task.done()]:
            self._sending.pop(webhook_id).result()
        asked_at = time.monotonic()
        busy = await self._db(self._queue.busy, self._clock.now())
        # Nothing is sent so long after a claim was kept that the claim could end before the answer is there.
        self._good_until = asked_at + self._queue.answer_seconds
        for webhook_id in busy:
            if webhook_id not in self._sending:
                self._sending[webhook_id] = asyncio.create_task(self._send(webhook_id, stop))

    async def _send(self, webhook_id: str, stop: threading.Event) -> None:
        """Send all that a webhook has, until nothing is due or on its way."""
        flying: dict[str, asyncio.Task[None]] = {}
        while True:
            if not stop.is_set():
                await self._launch(webhook_id, flying)
            if not flying:
                return
            done, _ = await asyncio.wait(flying.values(), timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
            for code in [code for code, task in flying.items() if task in done]:
                flying.pop(code).result()

    async def _launch(self, webhook_id: str, flying: dict[str, asyncio.Task[None]]) -> None:
        now = self._clock.now()
        await self._db(self._queue.fill, webhook_id, now)
        found = await self._db(self._queue.next, webhook_id, list(flying), now)
        if found is None or time.monotonic() > self._good_until:
            return
        webhook, waiting = found
        most = SIDE_BY_SIDE if webhook.failing_since is None else 1
        for one in waiting[: max(0, most - len(flying))]:
            flying[one.code] = asyncio.create_task(self._deliver(webhook, one))

    async def _deliver(self, webhook: Webhook, waiting: Waiting) -> None:
        body = await self._db(self._bodies.body, webhook, waiting)
        if body is None:
            await self._db(self._notes.supersede, webhook, waiting)
            return
        outcome = await self._attempt(webhook, waiting, body)
        chance = random.random()  # noqa: S311 - spreads retries, guards nothing
        why = await self._db(self._notes.note, webhook, waiting, outcome, self._clock.now(), chance)
        if why:
            log.error("webhook_disabled", webhook_id=webhook.webhook_id, owner=webhook.owner, reason=why)

    async def _attempt(self, webhook: Webhook, waiting: Waiting, body: bytes) -> Outcome:
        began_at, began = self._clock.now(), time.monotonic()
        status, error = 0, ""
        try:
            status = await self._client.post(webhook.url, self._headers(webhook, waiting, body), body)
            error = "" if is_delivered(status) else f"answered {status}"
        except DeliveryFailed as failed:
            error = str(failed)
        return Outcome(began_at, status, error, int((time.monotonic() - began) * 1000))

    def _headers(self, webhook: Webhook, waiting: Waiting, body: bytes) -> dict[str, str]:
        """Sign anew at each attempt: a receiver refuses an old timestamp, and a rotated secret signs at once."""
        now = datetime.now(UTC)  # the receiver compares it with its own clock, whatever day the platform's stands at
        message_id, timestamp = waiting.message_id(webhook.webhook_id), int(now.timestamp())
        secrets = [secret(self._key, webhook.webhook_id, one) for one in webhook.generations(self._clock.now())]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(secrets, message_id, timestamp, body),
        }

    async def _db(self, use: Callable[..., T], *given: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, use, *given)
