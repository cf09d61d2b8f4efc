"""WebhookService: each method reads its request, calls one use case, and writes the answer."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import grpc
from google.protobuf.message import Message
from merchantcredit.credit.v1 import webhook_service_pb2 as pb
from merchantcredit.credit.v1 import webhook_service_pb2_grpc as rpc

from services.common.auth.actor import Role
from services.common.clock import Clock
from services.common.db.pool import Pool
from services.common.errors import invalid
from services.common.grpc.interceptor import current_actor
from services.common.paging import make_token, page_size, read_token
from services.common.wire import known
from services.credit.adapters.requests import digest_of, take_request
from services.credit.adapters.webhooks.client import resolve
from services.credit.adapters.webhooks.store import Delivery, PostgresWebhooks
from services.credit.application.webhooks.change import delete, enable, replay, rotate_secret
from services.credit.application.webhooks.subscribe import Subscription, owner_of, subscribe
from services.credit.domain.webhooks.signature import secret, written
from services.credit.domain.webhooks.target import Network
from services.credit.domain.webhooks.webhook import Content, Webhook

SUBSCRIBERS = frozenset({Role.AGENCY, Role.PLATFORM, Role.DEPARTMENT, Role.OFFICE, Role.REGULATOR})
ACCESS = {method.name: SUBSCRIBERS for method in pb.DESCRIPTOR.services_by_name["WebhookService"].methods}
DEFAULT_OVERLAP_SECONDS = 86_400
Context = grpc.aio.ServicerContext[Any, Any]
T = TypeVar("T")


class WebhookServicer(rpc.WebhookServiceServicer):
    """Serves webhooks."""

    def __init__(self, pool: Pool, allowed: Iterable[Network], key: bytes, clock: Clock) -> None:
        self._pool = pool
        self._allowed = tuple(allowed)
        self._key = key
        self._clock = clock

    async def CreateWebhook(self, request: pb.CreateWebhookRequest, context: Context) -> pb.CreateWebhookResponse:
        """Make a webhook."""
        actor = current_actor()
        if not request.content:
            raise invalid("content", "say what it is to carry")
        await resolve(request.url, self._allowed)
        asked = Subscription(
            webhook_id=uuid4().hex, url=request.url, content=known(Content, request.content, "content"),
            codes=tuple(request.credit_codes), is_from_start=request.is_from_start,
        )  # fmt: skip
        made = await self._change(request, asked.webhook_id, lambda store, now: subscribe(store, actor, asked, now))
        return pb.CreateWebhookResponse(webhook=_webhook(made), secret=self._secret(made))

    async def ListWebhooks(self, request: pb.ListWebhooksRequest, context: Context) -> pb.ListWebhooksResponse:
        """Page through webhooks."""
        actor = current_actor()
        owner, is_any = owner_of(actor), actor.has(Role.REGULATOR)
        limit = page_size(request.page_size, default=50, most=500)
        bound = f"webhooks:{owner}:{is_any}:{request.disabled_only}".encode()
        after = read_token(bound, request.page_token)
        found = await self._read(
            lambda store: store.page(owner, after, limit + 1, is_any=is_any, disabled_only=request.disabled_only)
        )
        last = found[limit - 1].webhook_id if len(found) > limit else ""
        return pb.ListWebhooksResponse(
            webhooks=[_webhook(one) for one in found[:limit]], next_page_token=make_token(bound, last)
        )

    async def GetWebhook(self, request: pb.GetWebhookRequest, context: Context) -> pb.GetWebhookResponse:
        """Read a webhook with what it has still to deliver."""
        find = self._finder(request.webhook_id)
        found, (waiting, failing) = await self._read(lambda store: (find(store), store.waiting(request.webhook_id)))
        message = _webhook(found)
        message.waiting_count, message.failing_enterprise_count = waiting, failing
        return pb.GetWebhookResponse(webhook=message)

    async def DeleteWebhook(self, request: pb.DeleteWebhookRequest, context: Context) -> pb.DeleteWebhookResponse:
        """Delete a webhook."""
        actor, webhook_id = current_actor(), request.webhook_id
        await asyncio.to_thread(
            self._once, actor.subject, request, webhook_id, lambda store, _: delete(store, actor, webhook_id)
        )
        return pb.DeleteWebhookResponse()

    async def RotateWebhookSecret(
        self, request: pb.RotateWebhookSecretRequest, context: Context
    ) -> pb.RotateWebhookSecretResponse:
        """Renew a secret."""
        actor, webhook_id = current_actor(), request.webhook_id
        seconds = request.overlap_seconds if request.HasField("overlap_seconds") else DEFAULT_OVERLAP_SECONDS
        overlap = timedelta(seconds=seconds)
        changed = await self._change(
            request, webhook_id, lambda store, now: rotate_secret(store, actor, webhook_id, overlap, now)
        )
        return pb.RotateWebhookSecretResponse(webhook=_webhook(changed), secret=self._secret(changed))

    async def ReplayWebhook(self, request: pb.ReplayWebhookRequest, context: Context) -> pb.ReplayWebhookResponse:
        """Send again from a number."""
        actor, webhook_id = current_actor(), request.webhook_id
        changed = await self._change(
            request, webhook_id, lambda store, _: replay(store, actor, webhook_id, request.from_number)
        )
        return pb.ReplayWebhookResponse(webhook=_webhook(changed))

    async def EnableWebhook(self, request: pb.EnableWebhookRequest, context: Context) -> pb.EnableWebhookResponse:
        """Send on after it was disabled."""
        actor, webhook_id = current_actor(), request.webhook_id
        changed = await self._change(request, webhook_id, lambda store, now: enable(store, actor, webhook_id, now))
        return pb.EnableWebhookResponse(webhook=_webhook(changed))

    async def ListWebhookDeliveries(
        self, request: pb.ListWebhookDeliveriesRequest, context: Context
    ) -> pb.ListWebhookDeliveriesResponse:
        """Page through the log."""
        webhook_id, find = request.webhook_id, self._finder(request.webhook_id)
        limit = page_size(request.page_size, default=50, most=500)
        bound = f"deliveries:{webhook_id}:{request.failed_only}".encode()
        before = int(read_token(bound, request.page_token) or 0)

        def read(store: PostgresWebhooks) -> list[Delivery]:
            find(store)
            return list(store.deliveries(webhook_id, before, limit + 1, failed_only=request.failed_only))

        found = await self._read(read)
        last = str(found[limit - 1].attempt_id) if len(found) > limit else ""
        return pb.ListWebhookDeliveriesResponse(
            deliveries=[_delivery(one) for one in found[:limit]], next_page_token=make_token(bound, last)
        )

    async def _change(
        self, request: Message, webhook_id: str, use: Callable[[PostgresWebhooks, datetime], object]
    ) -> Webhook:
        """Run a use case for a request once, and return its webhook; the same request again only returns it."""
        actor = current_actor()
        kept_id = await asyncio.to_thread(self._once, actor.subject, request, webhook_id, use)
        return await self._read(lambda store: store.find(kept_id, owner_of(actor)))

    def _once(
        self, actor: str, request: Message, webhook_id: str, use: Callable[[PostgresWebhooks, datetime], object]
    ) -> str:
        digest = digest_of(request)
        with self._pool.connection() as conn:
            kept = take_request(conn, actor, request.request_id, digest, webhook_id)  # type: ignore[attr-defined]
            if kept is None:
                use(PostgresWebhooks(conn), self._clock.now())
            return kept or webhook_id

    async def _read(self, use: Callable[[PostgresWebhooks], T]) -> T:
        def read() -> T:
            with self._pool.connection() as conn:
                return use(PostgresWebhooks(conn))

        return await asyncio.to_thread(read)

    def _secret(self, webhook: Webhook) -> str:
        return written(secret(self._key, webhook.webhook_id, webhook.secret_generation))

    @staticmethod
    def _finder(webhook_id: str) -> Callable[[PostgresWebhooks], Webhook]:
        """Return what finds a webhook of the caller's; a regulator finds everybody's."""
        actor = current_actor()
        owner, is_any = owner_of(actor), actor.has(Role.REGULATOR)
        return lambda store: store.find(webhook_id, owner, is_any=is_any)


def _webhook(found: Webhook) -> pb.Webhook:
    message = pb.Webhook(
        webhook_id=found.webhook_id, owner=found.owner, url=found.url, content=pb.WebhookContent.ValueType(found.content),
        credit_codes=found.codes, state=pb.WebhookState.ValueType(found.state), disabled_reason=found.disabled_reason,
        last_number=found.last_number,
    )  # fmt: skip
    for name, moment in (
        ("created_time", found.created_at), ("disabled_time", found.disabled_at),
        ("failing_since", found.failing_since), ("former_secret_until", found.former_until),
    ):  # fmt: skip
        if moment is not None:
            getattr(message, name).FromDatetime(moment)
    return message


def _delivery(found: Delivery) -> pb.WebhookDelivery:
    message = pb.WebhookDelivery(
        number=found.number,
        credit_code=found.code,
        status=found.status,
        error=found.error,
        took_milliseconds=found.took_ms,
    )
    message.attempted_time.FromDatetime(found.attempted_at)
    return message
