"""WebhookService over a real server: who subscribes to what, and what is refused with nothing changed."""

import asyncio
import threading
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
from merchantcredit.credit.v1 import webhook_service_pb2 as pb
from merchantcredit.credit.v1.webhook_service_pb2_grpc import WebhookServiceStub as Stub

from services.common.auth.actor import Role
from services.common.clock import SystemClock
from services.credit.bootstrap import sending_webhooks
from services.credit.config import CreditConfig
from services.credit.domain.punishment.chain import GENESIS, next_digest
from tests.integration.credit.punishment.office_world import FINANCE, OfficeWorld, office_world, refused, rid
from tests.integration.credit.webhooks.hooks import FAST, LOOPBACK
from tests.integration.credit.webhooks.receiver import Receiver
from tests.integration.credit.world import KEY

DIRECTIVES, GRADES = pb.WEBHOOK_CONTENT_DIRECTIVES, pb.WEBHOOK_CONTENT_GRADE_CHANGES


def b64(value: bytes) -> str:
    return b64encode(value).decode()


class Subscriber:
    """A caller of the service."""

    def __init__(self, offices: OfficeWorld, role: Role, office: str) -> None:
        self.stub: Any = Stub(offices.served.channel)
        self.metadata = offices.who(role, f"clerk of {office}", office)

    async def make(self, url: str, content: int = GRADES, **given: Any) -> pb.CreateWebhookResponse:
        request = pb.CreateWebhookRequest(**{"request_id": rid(), "url": url, "content": content, **given})
        return await self.stub.CreateWebhook(request, metadata=self.metadata)

    async def call(self, name: str, **given: Any) -> Any:
        request = getattr(pb, f"{name}Request")(**given)
        return await getattr(self.stub, name)(request, metadata=self.metadata)


@pytest.fixture
async def offices(dsn: str, tmp_path: Path) -> AsyncIterator[OfficeWorld]:
    async with office_world(dsn, tmp_path, webhook_networks=LOOPBACK) as made:
        yield made


@pytest.fixture
def finance(offices: OfficeWorld) -> Subscriber:
    return Subscriber(offices, Role.DEPARTMENT, FINANCE)


@pytest.fixture
def agency(offices: OfficeWorld) -> Subscriber:
    return Subscriber(offices, Role.AGENCY, "agency-1")


async def test_a_departments_directives_arrive_with_their_numbers_and_digests(
    offices: OfficeWorld, finance: Subscriber
) -> None:
    with Receiver() as receiver:
        made = await finance.make(receiver.url, DIRECTIVES, is_from_start=True)
        receiver.secrets = [made.secret]
        await offices.list_it()
        await offices.end()
        await asyncio.to_thread(offices.drain)
        of_stream, _ = await offices.read()
        async with sending(offices):
            got = await asyncio.to_thread(receiver.until, lambda got: len(got) >= len(of_stream))
    digest = GENESIS
    for one, streamed in zip(got, of_stream, strict=True):
        assert (int(one.data["number"]), one.data["department"]) == (streamed.number, FINANCE)
        digest = next_digest(digest, streamed.number, streamed.directive)
        assert one.data["digest"] == b64(digest)
        assert one.data["directive"] == b64(streamed.directive)
    read = (await finance.call("GetWebhook", webhook_id=made.webhook.webhook_id)).webhook
    assert (read.last_number, read.waiting_count) == (len(of_stream), 0)


@asynccontextmanager
async def sending(offices: OfficeWorld) -> AsyncIterator[None]:
    config = CreditConfig(dsn=offices.world.dsn, complainant_key=KEY, webhook_networks=LOOPBACK)
    stop, sender = threading.Event(), sending_webhooks(config, SystemClock(), FAST)
    running = asyncio.create_task(asyncio.to_thread(sender.run, stop))
    try:
        yield
    finally:
        stop.set()
        await running


async def test_a_subscription_is_made_once_read_listed_rotated_and_deleted(agency: Subscriber) -> None:
    url = "http://127.0.0.1:9/hook"
    made = await agency.make(url, request_id="r1")
    assert made.secret.startswith("whsec_")
    assert await agency.make(url, request_id="r1") == made
    assert (await refused(agency.make(url + "2", request_id="r1"))).code() is grpc.StatusCode.ALREADY_EXISTS
    webhook_id = made.webhook.webhook_id
    rotated = await agency.call("RotateWebhookSecret", request_id="r2", webhook_id=webhook_id)
    assert rotated.secret not in {"", made.secret}
    assert rotated.webhook.former_secret_until.seconds - rotated.webhook.created_time.seconds == 86_400
    assert [one.webhook_id for one in (await agency.call("ListWebhooks")).webhooks] == [webhook_id]
    await agency.call("DeleteWebhook", request_id="r3", webhook_id=webhook_id)
    await agency.call("DeleteWebhook", request_id="r3", webhook_id=webhook_id)
    assert not (await agency.call("ListWebhooks")).webhooks
    assert (await refused(agency.call("GetWebhook", webhook_id=webhook_id))).code() is grpc.StatusCode.NOT_FOUND


async def test_pages(agency: Subscriber) -> None:
    made = {(await agency.make("http://127.0.0.1:9/")).webhook.webhook_id for _ in range(3)}
    first = await agency.call("ListWebhooks", page_size=2)
    second = await agency.call("ListWebhooks", page_size=2, page_token=first.next_page_token)
    assert {one.webhook_id for one in (*first.webhooks, *second.webhooks)} == made
    assert (len(first.webhooks), second.next_page_token) == (2, "")


async def test_what_is_refused_changes_nothing(offices: OfficeWorld, agency: Subscriber) -> None:
    inside = await refused(agency.make("https://10.0.0.1/hook"))
    assert inside.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "private" in (inside.details() or "")
    for bad in ("https://192.168.0.1/", "http://8.8.8.8/", "https://no-such-host.invalid/", "ftp://127.0.0.1/"):
        assert (await refused(agency.make(bad))).code() is grpc.StatusCode.INVALID_ARGUMENT, bad
    url = "http://127.0.0.1:9/"
    assert (await refused(agency.make(url, DIRECTIVES))).code() is grpc.StatusCode.PERMISSION_DENIED
    assert (await refused(agency.make(url, 0))).code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (await refused(agency.make(url, credit_codes=["x"]))).code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (await refused(agency.make(url, request_id=""))).code() is grpc.StatusCode.INVALID_ARGUMENT
    with psycopg.connect(offices.world.dsn) as conn:
        assert conn.execute("SELECT count(*) FROM credit.webhook").fetchone() == (0,)


async def test_the_changes_of_a_webhook_are_refused_to_strangers_and_when_they_do_not_fit(
    agency: Subscriber, finance: Subscriber
) -> None:
    webhook_id = (await agency.make("http://127.0.0.1:9/")).webhook.webhook_id
    given = {"request_id": "r", "webhook_id": webhook_id}
    for name, more in (
        ("DeleteWebhook", {}), ("RotateWebhookSecret", {}), ("EnableWebhook", {}), ("ReplayWebhook", {"from_number": 1}),
    ):  # fmt: skip
        assert (await refused(finance.call(name, **given, **more))).code() is grpc.StatusCode.NOT_FOUND, name
    assert (await refused(finance.call("GetWebhook", webhook_id=webhook_id))).code() is grpc.StatusCode.NOT_FOUND
    deliveries = finance.call("ListWebhookDeliveries", webhook_id=webhook_id)
    assert (await refused(deliveries)).code() is grpc.StatusCode.NOT_FOUND
    assert (await refused(agency.call("EnableWebhook", **given))).code() is grpc.StatusCode.FAILED_PRECONDITION
    expired = await refused(agency.call("ReplayWebhook", **given, from_number=1))
    assert expired.code() is grpc.StatusCode.OUT_OF_RANGE
    for wrong in (0, -1):
        bad = agency.call("ReplayWebhook", **given, from_number=wrong)
        assert (await refused(bad)).code() is grpc.StatusCode.INVALID_ARGUMENT
    long = agency.call("RotateWebhookSecret", **given, overlap_seconds=604_801)
    assert (await refused(long)).code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_regulator_sees_the_disabled_ones_of_all(offices: OfficeWorld, agency: Subscriber) -> None:
    webhook_id = (await agency.make("http://127.0.0.1:9/")).webhook.webhook_id
    await agency.make("http://127.0.0.1:9/")
    with psycopg.connect(offices.world.dsn) as conn:
        conn.execute("UPDATE credit.webhook SET state = 2 WHERE webhook_id = %s", [webhook_id])
    regulator = Subscriber(offices, Role.REGULATOR, "market-regulation-520000")
    found = (await regulator.call("ListWebhooks", disabled_only=True)).webhooks
    assert [one.webhook_id for one in found] == [webhook_id]


async def test_the_log_tells_each_attempt_page_by_page(offices: OfficeWorld, finance: Subscriber) -> None:
    with Receiver() as receiver:
        answers = iter([500])
        receiver.answer = lambda _: next(answers, 204)
        webhook_id = (await finance.make(receiver.url, DIRECTIVES)).webhook.webhook_id
        await offices.list_it()
        await asyncio.to_thread(offices.drain)
        async with sending(offices):
            await asyncio.to_thread(receiver.until, lambda got: len(got) >= 2 and got[-1].number == len(got) - 1)
    log = (await finance.call("ListWebhookDeliveries", webhook_id=webhook_id)).deliveries
    assert [(one.number, one.status) for one in log][-2:] == [(1, 204), (1, 500)]
    assert log[-1].error == "answered 500"
    failed = (await finance.call("ListWebhookDeliveries", webhook_id=webhook_id, failed_only=True)).deliveries
    assert [one.status for one in failed] == [500]
    first = await finance.call("ListWebhookDeliveries", webhook_id=webhook_id, page_size=1)
    second = await finance.call(
        "ListWebhookDeliveries", webhook_id=webhook_id, page_size=1, page_token=first.next_page_token
    )
    assert [*first.deliveries, *second.deliveries] == list(log[:2])
