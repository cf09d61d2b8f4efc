"""Complaint cases by RPC: each step strict against the case as it stands, and the same way into the ledger as any event."""

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from merchantcredit.credit.v1 import complaint_service_pb2 as pb
from merchantcredit.credit.v1.complaint_service_pb2_grpc import ComplaintServiceStub
from merchantcredit.events.v1 import complaint_pb2 as events

from services.common.auth.actor import Role
from services.common.clock import FixedClock
from services.common.eventlog.sequencer import Sequencer
from services.common.lifecycle import run_loops
from services.credit.bootstrap import serving_complaints
from services.credit.config import CreditConfig
from tests.integration.credit.world import CODE, KEY, NOW, OTHER, World, complaint, enterprise, told, world
from tests.integration.grpc_fixtures import Served, serve

CASE = "complaint://12315.test:c1"
WRONG_STATE = grpc.StatusCode.FAILED_PRECONDITION


@pytest.fixture
def credit(dsn: str) -> Iterator[World]:
    """Run a credit worker beside the test, over a case that was just received."""
    with world(dsn) as made:
        received = complaint("c1", status=1, response=0, received_on="2026-06-12")
        made.tell(told(enterprise(), "e1"), told(enterprise(OTHER), "e2"), told(received, "c1"))
        stop = threading.Event()
        running = threading.Thread(target=run_loops, args=([made.batch, Sequencer(dsn)], stop))
        running.start()
        yield made
        stop.set()
        running.join()


@pytest.fixture
async def served(credit: World, tmp_path: Path) -> AsyncIterator[Served]:
    config = CreditConfig(dsn=credit.dsn, complainant_key=KEY)
    async with serve(tmp_path, lambda: [serving_complaints(config, FixedClock(NOW))]) as running:
        yield running


class Desk:
    """A caller with one role; each call has a request id of its own unless one is given."""

    def __init__(self, served: Served, role: Role, subject: str = "tester") -> None:
        self._stub: Any = ComplaintServiceStub(served.channel)
        self._token = served.token(role, subject)
        self._name = f"{role}-{subject}"
        self._calls = 0

    async def take(
        self, method: str, complaint_id: str = CASE, request_id: str = "", **fields: Any
    ) -> pb.ComplaintCase:
        """Take a step and return the case as it then stands."""
        self._calls += 1
        step = pb.ComplaintStep(request_id=request_id or f"{self._name}-{self._calls}", complaint_id=complaint_id)
        request = getattr(pb, f"{method}Request")(step=step, **fields)
        answer = await getattr(self._stub, method)(request, metadata=self._token)
        case: pb.ComplaintCase = answer.complaint
        return case

    async def refused(self, method: str, **fields: Any) -> grpc.StatusCode:
        """Take a step that must be refused, and return how."""
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await self.take(method, **fields)
        return refusal.value.code()

    async def call(self, method: str, request: object) -> Any:
        return await getattr(self._stub, method)(request, metadata=self._token)


async def test_a_dispute_goes_its_way_from_receipt_to_notice(served: Served) -> None:
    office, merchant = Desk(served, Role.OFFICE), Desk(served, Role.MERCHANT, CODE)
    case = await office.take("AcceptComplaint")
    assert case.status == events.COMPLAINT_STATUS_ACCEPTED
    assert {clock.kind for clock in case.clocks} == {"MEDIATE", "ANSWER"}
    await office.take("MediateComplaint")
    case = await merchant.take(
        "AnswerComplaint", category=events.ANSWER_CATEGORY_AGREE_REFUND, public_statement="已退款。"
    )
    assert (case.response, case.answer.public_statement) == (events.MERCHANT_RESPONSE_IN_TIME, "已退款。")
    case = await office.take("AgreeComplaint")
    assert case.weighs_as == events.COMPLAINT_STATUS_AGREED
    case = await office.take("NotifyComplaint")
    assert [step.status for step in case.steps][-1] == events.COMPLAINT_STATUS_NOTIFIED
    assert list(case.allowed) == []


async def test_what_the_table_forbids_is_refused_and_changes_nothing(served: Served) -> None:
    office = Desk(served, Role.OFFICE)
    for method, fields in (
        ("MediateComplaint", {}),
        ("AgreeComplaint", {}),
        ("NotifyComplaint", {}),
        ("DecideLead", {}),
        ("ExtendLeadCheck", {}),
    ):
        assert await office.refused(method, **fields) is WRONG_STATE, method
    answer = await office.call("GetComplaint", pb.GetComplaintRequest(complaint_id=CASE))
    assert answer.complaint.status == events.COMPLAINT_STATUS_RECEIVED


async def test_a_reason_must_be_of_the_closed_list(served: Served) -> None:
    office = Desk(served, Role.OFFICE)
    assert await office.refused("RefuseComplaint", reason_code="NO_TIME") is grpc.StatusCode.INVALID_ARGUMENT


async def test_only_the_office_that_has_the_case_acts_on_it(served: Served) -> None:
    office, regulator = Desk(served, Role.OFFICE), Desk(served, Role.REGULATOR)
    await office.take("AcceptComplaint")
    assert (await regulator.take("MediateComplaint")).status == events.COMPLAINT_STATUS_MEDIATING
    assert await office.refused("AgreeComplaint") is grpc.StatusCode.PERMISSION_DENIED


async def test_the_same_request_again_is_the_same_step(served: Served) -> None:
    office = Desk(served, Role.OFFICE)
    first = await office.take("AcceptComplaint", request_id="r")
    again = await office.take("AcceptComplaint", request_id="r")
    assert first == again
    assert await office.refused("WithdrawComplaint", request_id="r") is grpc.StatusCode.ALREADY_EXISTS


async def test_another_merchant_neither_answers_nor_reads(served: Served) -> None:
    other = Desk(served, Role.MERCHANT, OTHER)
    refused = await other.refused("AnswerComplaint", category=events.ANSWER_CATEGORY_AGREE_REFUND)
    assert refused is grpc.StatusCode.PERMISSION_DENIED
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await other.call("GetComplaint", pb.GetComplaintRequest(complaint_id=CASE))
    assert refusal.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_statement_with_a_phone_number_is_refused(served: Served) -> None:
    merchant = Desk(served, Role.MERCHANT, CODE)
    refused = await merchant.refused(
        "AnswerComplaint", category=events.ANSWER_CATEGORY_PARTIAL, public_statement="请联系 13812345678"
    )
    assert refused is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_answer_after_the_deadline_is_refused(served: Served, credit: World) -> None:
    old = complaint("old", status=2, response=0, received_on="2026-03-02", status_on="2026-03-03")
    credit.log.publish([told(old, "old")])
    office, merchant = Desk(served, Role.OFFICE), Desk(served, Role.MERCHANT, CODE)
    listed = await until_listed(office, 2)
    assert [line.is_overdue for line in listed.complaints if line.complaint_id.endswith(":old")] == [True]
    refused = await merchant.refused(
        "AnswerComplaint", complaint_id="complaint://12315.test:old", category=events.ANSWER_CATEGORY_AGREE_REFUND
    )
    assert refused is WRONG_STATE


async def test_cases_are_listed_page_by_page_and_counted(served: Served, credit: World) -> None:
    more = [told(complaint(f"m{n}", OTHER if n % 2 else CODE, status=5), f"m{n}") for n in range(7)]
    credit.log.publish(more)
    office = Desk(served, Role.OFFICE)
    await until_listed(office, 8)
    seen, token = [], ""
    while True:
        page = await office.call("ListComplaints", pb.ListComplaintsRequest(page_size=3, page_token=token))
        seen += [line.complaint_id for line in page.complaints]
        token = page.next_page_token
        if not token:
            break
    assert len(seen) == len(set(seen)) == 8
    only = await office.call("ListComplaints", pb.ListComplaintsRequest(credit_code=OTHER))
    assert {line.credit_code for line in only.complaints} == {OTHER}
    request = pb.GetComplaintStatisticsRequest(
        first_month="2026-06", last_month="2026-06", dimensions=[pb.STATISTICS_DIMENSION_MERCHANT]
    )
    told_counts = await office.call("GetComplaintStatistics", request)
    assert {tuple(g.key): (g.received, g.failed) for g in told_counts.groups} == {(CODE,): (5, 4), (OTHER,): (3, 3)}
    assert told_counts.last_month_received == 8


async def until_listed(office: Desk, count: int) -> pb.ListComplaintsResponse:
    """Ask until so many cases are on file: the worker is another thread."""
    for _ in range(200):
        listed: pb.ListComplaintsResponse = await office.call("ListComplaints", pb.ListComplaintsRequest())
        if len(listed.complaints) == count:
            return listed
    raise AssertionError(f"{len(listed.complaints)} of {count} cases")
