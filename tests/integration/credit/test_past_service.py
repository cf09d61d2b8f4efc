"""The audit read and the way back over a real server: who may ask, what is kept, what is refused by field."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from merchantcredit.credit.v1 import credit_service_pb2 as pb
from merchantcredit.credit.v1 import credit_service_pb2_grpc as rpc

from services.common.auth.actor import Role
from services.common.clock import FixedClock
from services.credit.bootstrap import serving
from services.credit.config import CreditConfig
from tests.integration.credit.world import CODE, KEY, NOW, OTHER, World, complaint, enterprise, told, violation, world
from tests.integration.grpc_fixtures import Served, serve

Parts = tuple[World, Served, rpc.CreditServiceStub]


@pytest.fixture
async def parts(dsn: str, tmp_path: Path) -> AsyncIterator[Parts]:
    clock = FixedClock(NOW)
    with world(dsn, clock=clock) as made:
        config = CreditConfig(dsn=dsn, complainant_key=KEY)
        async with serve(tmp_path, lambda: [serving(config, clock)]) as served:
            yield made, served, rpc.CreditServiceStub(served.channel)


def asked(as_of: str, known_at: datetime, purpose: str = "case 7") -> pb.GetPastRecordRequest:
    moment = Timestamp()
    moment.FromDatetime(known_at)
    return pb.GetPastRecordRequest(credit_code=CODE, as_of=as_of, known_at=moment, purpose=purpose)


async def test_what_was_published_comes_byte_for_byte_and_other_pairs_are_said_to_be_computed(parts: Parts) -> None:
    credit, served, stub = parts
    auditor = served.token(Role.REGULATOR, "auditor")
    credit.tell(told(enterprise(), "e1"), told(complaint("c1"), "c1"))
    ((published,),) = credit.rows("SELECT record FROM credit.public_record")
    credit.clock.moment += timedelta(days=1)
    credit.tell(told(violation("v1"), "v1"))
    then = await stub.GetPastRecord(asked("2026-06-15", NOW), metadata=auditor)
    assert (then.is_published, then.record_bytes) == (True, bytes(published))
    now = await stub.GetPastRecord(asked("2026-06-15", credit.clock.moment, "objection 12"), metadata=auditor)
    assert not now.is_published
    assert {fact.kind for fact in now.record.facts} == {"complaint", "penalty"}
    kept = credit.rows("SELECT subject, code, as_of, purpose FROM credit.past_read ORDER BY read_at, purpose")
    assert kept == [
        ("auditor", CODE, date(2026, 6, 15), "case 7"),
        ("auditor", CODE, date(2026, 6, 15), "objection 12"),
    ]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (asked("2026-06-16", NOW), "as_of"),
        (asked("2014-02-28", NOW), "as_of"),
        (asked("2026-02-30", NOW), "as_of"),
        (asked("2026-06-15", NOW + timedelta(hours=1)), "known_at"),
        (pb.GetPastRecordRequest(credit_code=CODE, as_of="2026-06-15", purpose="x"), "known_at"),
        (asked("2026-06-15", NOW, ""), "purpose"),
    ],
)
async def test_a_question_without_an_answer_names_the_field_and_the_fix(
    parts: Parts, request_: pb.GetPastRecordRequest, field: str
) -> None:
    credit, served, stub = parts
    credit.tell(told(enterprise(), "e1"))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetPastRecord(request_, metadata=served.token(Role.OFFICE))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    violation_ = field_of(caught.value)
    assert violation_.field == field
    assert violation_.description


def field_of(error: grpc.aio.AioRpcError) -> error_details_pb2.BadRequest.FieldViolation:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None
    for detail in status.details:
        found = error_details_pb2.BadRequest()
        if detail.Unpack(found):
            return found.field_violations[0]
    raise AssertionError(status)


async def test_the_way_back_names_each_step_and_what_it_promises_comes_true(parts: Parts) -> None:
    credit, served, stub = parts
    credit.tell(
        told(enterprise(), "e1"), told(violation("v1"), "v1"), told(complaint("c1", status=2, response=0), "c1")
    )
    mine = served.token(Role.MERCHANT, CODE)
    way = await stub.GetWayBack(pb.GetWayBackRequest(credit_code=CODE), metadata=mine)
    kinds = [pb.WayBackStepKind.Name(step.kind).removeprefix("WAY_BACK_STEP_KIND_") for step in way.steps]
    assert kinds == ["ANSWER", "SETTLE", "PERFORM", "REPAIR"]
    assert all(step.text_zh and step.text_en for step in way.steps)
    before = credit.record()
    assert before is not None
    assert (before.grade, before.score_millipoints) == (way.grade, way.score_millipoints)
    promised = datetime.fromisoformat(f"{way.by_itself_on}T00:00:00+08:00")
    for moment, is_reached in ((promised - timedelta(seconds=1), False), (promised, True)):
        credit.clock.moment = moment
        credit.sweeper.sweep_once()
        record = credit.record()
        assert record is not None
        assert (record.grade == way.goal_grade) is is_reached


async def test_a_way_back_is_the_merchants_own_and_its_goal_a_grade(parts: Parts) -> None:
    credit, served, stub = parts
    credit.tell(told(enterprise(), "e1"))
    with pytest.raises(grpc.aio.AioRpcError) as denied:
        await stub.GetWayBack(pb.GetWayBackRequest(credit_code=CODE), metadata=served.token(Role.MERCHANT, OTHER))
    assert denied.value.code() is grpc.StatusCode.PERMISSION_DENIED
    office = served.token(Role.OFFICE)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetWayBack(pb.GetWayBackRequest(credit_code=CODE, goal_grade="A+"), metadata=office)
    assert field_of(caught.value).field == "goal_grade"
    with pytest.raises(grpc.aio.AioRpcError) as unknown:
        await stub.GetWayBack(pb.GetWayBackRequest(credit_code=OTHER), metadata=office)
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND
