"""What callers read of credit, over a real server: receipts, records, explanations, evidence, and the watch."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from merchantcredit.credit.v1 import credit_service_pb2 as pb
from merchantcredit.credit.v1 import credit_service_pb2_grpc as rpc

from services.common.auth.actor import Role
from services.common.clock import FixedClock
from services.credit.bootstrap import serving
from services.credit.config import CreditConfig
from tests.integration.credit.world import CODE, KEY, NOW, OTHER, World, complaint, enterprise, told, violation, world
from tests.integration.grpc_fixtures import Served, serve


@pytest.fixture
async def parts(dsn: str, tmp_path: Path) -> AsyncIterator[tuple[World, Served, rpc.CreditServiceStub]]:
    clock = FixedClock(NOW)
    with world(dsn, clock=clock) as made:
        config = CreditConfig(dsn=dsn, complainant_key=KEY)
        async with serve(tmp_path, lambda: [serving(config, clock)]) as served:
            yield made, served, rpc.CreditServiceStub(served.channel)


Parts = tuple[World, Served, rpc.CreditServiceStub]


async def test_a_receipt_follows_an_event_from_pending_to_its_verdict(parts: Parts) -> None:
    credit, served, stub = parts
    office = served.token(Role.OFFICE)
    request = pb.SubmitViolationRequest(request_id="r1", violation=violation("v1"))
    await stub.SubmitViolation(request, metadata=office)
    await stub.SubmitViolation(request, metadata=office)
    ask = pb.GetIntakeReceiptRequest(event_id="r1")
    assert (await stub.GetIntakeReceipt(ask, metadata=office)).verdict == pb.VERDICT_PENDING
    credit.drain()
    assert (await stub.GetIntakeReceipt(ask, metadata=office)).verdict == pb.VERDICT_WAITING_FOR_CODE
    other = pb.SubmitViolationRequest(request_id="r1", violation=violation("v2"))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.SubmitViolation(other, metadata=office)
    assert caught.value.code() is grpc.StatusCode.ALREADY_EXISTS
    foreign = pb.GetIntakeReceiptRequest(event_id="r1", source="//rpc.merchantcredit/office/tester")
    with pytest.raises(grpc.aio.AioRpcError) as denied:
        await stub.GetIntakeReceipt(foreign, metadata=served.token(Role.AGENCY))
    assert denied.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_record_past_its_day_is_computed_anew(parts: Parts) -> None:
    credit, _, stub = parts
    credit.tell(told(enterprise(), "e1"), told(violation("v1", severity=1, decided_on="2026-05-20"), "v1"))
    ask = pb.GetCreditRecordRequest(credit_code=CODE.lower())
    before = (await stub.GetCreditRecord(ask)).record
    assert before == credit.record()
    credit.clock.moment = datetime(2026, 8, 19, 16, 0, tzinfo=UTC)
    after = (await stub.GetCreditRecord(ask)).record
    assert [f.kind for f in before.facts] == ["penalty"]
    assert list(after.facts) == []
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetCreditRecord(pb.GetCreditRecordRequest(credit_code=OTHER))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_an_explanation_sums_up_in_two_languages(parts: Parts) -> None:
    credit, _, stub = parts
    credit.tell(told(enterprise(), "e1"), told(violation("v1"), "v1"), told(complaint("c1"), "c1"))
    explained = await stub.ExplainScore(pb.ExplainScoreRequest(credit_code=CODE))
    assert sum(line.amount_millipoints for line in explained.contributions) == explained.score_millipoints
    assert all(line.explanation_zh and line.explanation_en and line.legal_basis for line in explained.contributions)


async def test_evidence_pages_every_fact_once_and_a_merchant_sees_only_itself(parts: Parts) -> None:
    credit, served, stub = parts
    credit.tell(
        told(enterprise(), "e1"),
        *(told(complaint(f"c{n}", received_on=f"2026-05-{n + 1:02d}"), f"c{n}") for n in range(7)),
    )
    mine = served.token(Role.MERCHANT, CODE)
    seen, token = [], ""
    while True:
        page = await stub.ListEvidence(
            pb.ListEvidenceRequest(credit_code=CODE, page_size=3, page_token=token), metadata=mine
        )
        seen += [(e.occurred_on, e.fact_id) for e in page.evidence]
        token = page.next_page_token
        if not token:
            break
    assert len(seen) == 7
    assert seen == sorted(set(seen), reverse=True)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.ListEvidence(pb.ListEvidenceRequest(credit_code=CODE), metadata=served.token(Role.MERCHANT, OTHER))
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_watch_replays_resumes_and_refuses_a_foreign_cursor(parts: Parts) -> None:
    credit, served, stub = parts
    credit.tell(told(enterprise(), "e1"), told(enterprise(OTHER), "e2"))
    agency = served.token(Role.AGENCY)
    first = stub.WatchGradeChanges(pb.WatchGradeChangesRequest(), metadata=agency)
    told_first = await first.read()
    assert {change.credit_code for change in told_first.changes} == {CODE, OTHER}
    first.cancel()
    credit.tell(told(violation("v1", severity=3), "v1"))
    again = stub.WatchGradeChanges(pb.WatchGradeChangesRequest(cursor=told_first.cursor), metadata=agency)
    (change,) = (await again.read()).changes
    assert change.from_grade == next(c.to_grade for c in told_first.changes if c.credit_code == CODE)
    assert (await again.read()).is_checkpoint
    again.cancel()
    foreign = stub.WatchGradeChanges(pb.WatchGradeChangesRequest(cursor="bm8="), metadata=agency)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await foreign.read()
    assert caught.value.code() is grpc.StatusCode.OUT_OF_RANGE
