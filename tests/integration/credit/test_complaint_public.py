"""Who learns what of a case: the watch by audience, the public by law, and the right merchant by transfer."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import orjson
import pytest
from merchantcredit.credit.v1 import complaint_service_pb2 as pb
from merchantcredit.credit.v1.complaint_service_pb2_grpc import ComplaintServiceStub
from merchantcredit.events.v1 import complaint_pb2 as events

from services.common.auth import seals
from services.common.auth.actor import Role
from services.common.clock import FixedClock
from services.credit.adapters.case_vault import CaseVault
from services.credit.bootstrap import serving_complaints
from services.credit.config import CreditConfig
from tests.integration.credit import test_complaint_service as steps
from tests.integration.credit.world import CODE, KEY, NOW, OTHER, World, complaint, enterprise, told, world
from tests.integration.grpc_fixtures import Served, serve

credit = steps.credit
served = steps.served
WORDS = "我叫张伟，电话13912345678，商家不退款<b>"


@pytest.fixture
def quiet(dsn: str) -> Iterator[World]:
    """A world without a worker of its own."""
    with world(dsn) as made:
        made.tell(told(enterprise(), "e1"), told(enterprise(OTHER), "e2"))
        yield made


@pytest.fixture
async def stub(quiet: World, tmp_path: Path) -> AsyncIterator[tuple[Any, Served]]:
    config = CreditConfig(dsn=quiet.dsn, complainant_key=KEY)
    async with serve(tmp_path, lambda: [serving_complaints(config, FixedClock(NOW))]) as running:
        yield ComplaintServiceStub(running.channel), running


def seal(*, consent: bool, text: str = WORDS) -> str:
    return seals.seal(seals.private_key(KEY), orjson.dumps({"name": "张伟", "text": text, "may_publish_text": consent}))


async def published(stub: Any, **query: Any) -> pb.ListPublishedComplaintsResponse:
    request = pb.ListPublishedComplaintsRequest(**{"credit_code": CODE, **query})
    answer: pb.ListPublishedComplaintsResponse = await stub.ListPublishedComplaints(request)
    return answer


async def test_words_are_published_with_consent_redacted_and_until_erased(
    quiet: World, stub: tuple[Any, Served]
) -> None:
    answer = events.ComplaintAnswer(category=4, answered_on="2026-06-02", public_statement="已联系处理。")
    quiet.tell(
        told(complaint("yes", received_on="2026-06-03", sealed_details=seal(consent=True)), "c1"),
        told(complaint("no", received_on="2026-06-02", sealed_details=seal(consent=False), answer=answer), "c2"),
        told(complaint("received", status=1), "c3"),
        told(complaint("withdrawn", status=6), "c4"),
        told(complaint("lead", kind=2), "c5"),
        told(complaint("ended", received_on="2020-01-01"), "c6"),
    )
    shown = (await published(stub[0])).complaints
    assert [(one.received_on, one.complainant_words) for one in shown] == [
        ("2026-06-03", "我叫■■■,电话■■■,商家不退款<b>"),
        ("2026-06-02", ""),
    ]
    assert shown[1].merchant_statement == "已联系处理。"
    with quiet.batch.pool.connection() as conn:
        CaseVault(KEY).erase(conn, "complaint://12315.test:yes", NOW)
    assert [one.complainant_words for one in (await published(stub[0])).complaints] == ["", ""]


async def test_published_cases_are_paged(quiet: World, stub: tuple[Any, Served]) -> None:
    quiet.tell(
        *(told(complaint(f"c{n}", kind=1 + n % 3 // 2, received_on=f"2026-05-{n + 1:02d}"), f"c{n}") for n in range(9))
    )
    seen, token = [], ""
    while True:
        page = await published(stub[0], page_size=2, page_token=token)
        seen += [one.received_on[-2:] for one in page.complaints]
        token = page.next_page_token
        if not token:
            break
    assert seen == ["08", "07", "05", "04", "02", "01"]


async def watched(stub: Any, token: Any, cursor: str = "") -> tuple[list[str], str]:
    """Return the cases of a watch until its first checkpoint, and the cursor to resume from."""
    seen: list[str] = []
    call = stub.WatchComplaints(pb.WatchComplaintsRequest(cursor=cursor), metadata=token)
    async for response in call:
        seen += [case.complaint_id.rpartition(":")[2] for case in response.complaints]
        if response.is_checkpoint:
            call.cancel()
            return seen, response.cursor
    raise AssertionError("the stream ended")


async def test_a_watch_tells_each_of_its_own_cases_and_resumes(quiet: World, stub: tuple[Any, Served]) -> None:
    calls, running = stub
    quiet.tell(
        told(complaint("mine", platform_code="p1"), "c1"),
        told(complaint("theirs", OTHER, platform_code="p2"), "c2"),
        told(complaint("theirs", OTHER, platform_code="p2", status=1), "c3"),
    )
    office = running.token(Role.OFFICE)
    seen, cursor = await watched(calls, office)
    assert sorted(seen) == ["mine", "theirs"]
    assert (await watched(calls, running.token(Role.MERCHANT, CODE)))[0] == ["mine"]
    assert (await watched(calls, running.token(Role.PLATFORM, "p2")))[0] == ["theirs"]
    quiet.tell(told(complaint("new"), "c4"))
    assert (await watched(calls, office, cursor))[0] == ["new"]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await watched(calls, office, "nonsense")
    assert refused.value.code() is grpc.StatusCode.OUT_OF_RANGE


async def test_what_is_not_my_shop_moves_with_its_credit(served: Served, credit: World) -> None:
    office, merchant = steps.Desk(served, Role.OFFICE), steps.Desk(served, Role.MERCHANT, CODE)
    await office.take("AcceptComplaint")
    answer = {"category": events.ANSWER_CATEGORY_NOT_MY_SHOP, "right_credit_code": OTHER}
    case = await merchant.take("AnswerComplaint", **answer)
    assert case.credit_code == CODE  # a merchant alone moves nothing to another
    assert await office.refused("TransferComplaint", right_credit_code=CODE) is grpc.StatusCode.INVALID_ARGUMENT
    moved = await office.take("TransferComplaint", right_credit_code=OTHER)
    assert (moved.credit_code, moved.status) == (OTHER, events.COMPLAINT_STATUS_ACCEPTED)
    assert not moved.HasField("answer")
    weighing = credit.rows(
        "SELECT s.code FROM credit.fact f JOIN credit.subject s ON s.id = f.subject_id WHERE f.kind = 2 AND f.weighs"
    )
    assert weighing == [(OTHER,)]
    right = steps.Desk(served, Role.MERCHANT, OTHER)
    case = await right.take("AnswerComplaint", category=events.ANSWER_CATEGORY_AGREE_REFUND)
    assert case.response == events.MERCHANT_RESPONSE_IN_TIME
    assert await merchant.refused("AnswerComplaint", **answer) is grpc.StatusCode.PERMISSION_DENIED
