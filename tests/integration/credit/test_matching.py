"""Never by name alone: what comes without a code waits for a person, then counts as if it had come with it, and can be undone."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from merchantcredit.credit.v1 import matching_service_pb2 as pb
from merchantcredit.credit.v1 import matching_service_pb2_grpc as rpc
from merchantcredit.credit.v1.record_pb2 import PublicRecord
from merchantcredit.events.v1.respondent_pb2 import Respondent

from services.common.auth.actor import Role
from services.common.clock import FixedClock, china_day
from services.common.db.pool import open_pool
from services.credit.adapters.past_reader import PostgresPast
from services.credit.adapters.policy_files import load_policies
from services.credit.adapters.verify_store import RecordEncoder
from services.credit.application.read_past import Question, ReadPast
from services.credit.bootstrap import serving_matching
from services.credit.config import POLICY_FOLDER, CreditConfig
from services.credit.offline import VerifyScores
from tests.integration.credit.world import (
    CODE,
    KEY,
    NOW,
    OTHER,
    World,
    complaint,
    enterprise,
    told,
    twin,
    violation,
    world,
)
from tests.integration.grpc_fixtures import Served, serve

NAME = "云上艾珀贵州技术公司"
MEANT = Respondent(name=NAME, region_code="520900", shop="艾珀旗舰店")
Parts = tuple[World, Served, rpc.MatchingServiceStub]


@pytest.fixture
async def parts(dsn: str, tmp_path: Path) -> AsyncIterator[Parts]:
    clock = FixedClock(NOW)
    with world(dsn, clock=clock) as made:
        config = CreditConfig(dsn=dsn, complainant_key=KEY)
        async with serve(tmp_path, lambda: [serving_matching(config, clock)]) as served:
            made.tell(told(enterprise(), "e1"), told(enterprise(OTHER, name="贵州茅台酒股份有限公司"), "e2"))
            yield made, served, rpc.MatchingServiceStub(served.channel)


def nameless(**fields: Any) -> Sequence[Any]:
    """Return three events of two matters, none of which names a code."""
    return (
        told(complaint("c1", "", respondent=MEANT, status=2, response=0), "n1", at=NOW - timedelta(hours=2)),
        told(complaint("c1", "", respondent=MEANT), "n2", at=NOW - timedelta(hours=1)),
        told(violation("v1", "", respondent=MEANT, **fields), "n3"),
    )


def coded() -> Sequence[Any]:
    """Return the same events as if they had come with the code."""
    return (
        told(complaint("c1", status=2, response=0), "n1", at=NOW - timedelta(hours=2)),
        told(complaint("c1"), "n2", at=NOW - timedelta(hours=1)),
        told(violation("v1"), "n3"),
    )


def bare(record: PublicRecord | None) -> PublicRecord:
    """Return a record without its revision."""
    assert record is not None
    other = PublicRecord()
    other.CopyFrom(record)
    other.ClearField("revision")
    return other


def decision(unmatched: pb.Unmatched, request_id: str, **answer: Any) -> pb.DecideMatchRequest:
    given = {"reason": "the licence on the shop's page", **answer}
    return pb.DecideMatchRequest(request_id=request_id, unmatched_id=unmatched.unmatched_id, **given)


async def test_what_is_decided_counts_as_if_it_had_come_with_the_code(parts: Parts, postgres: str) -> None:
    credit, served, stub = parts
    office = served.token(Role.OFFICE, "clerk")
    before = credit.record()
    credit.tell(*nameless())
    assert credit.record() == before
    assert {credit.verdicts()[event] for event in ("n1", "n2", "n3")} == {7}
    waiting = (await stub.ListUnmatched(pb.ListUnmatchedRequest(), metadata=office)).unmatched
    assert [(one.kind, one.event_count) for one in waiting] == [("complaint", 2), ("penalty", 1)]
    assert [(c.credit_code, c.score_permille, list(c.reasons)) for c in waiting[0].candidates] == [
        (CODE, 600, ["NAME_SAME_BUT_FOR_REGION_OR_FORM"])
    ]
    for n, one in enumerate(waiting):
        request = decision(one, f"d{n}", credit_code=CODE)
        first = await stub.DecideMatch(request, metadata=office)
        assert (await stub.DecideMatch(request, metadata=office)) == first
        assert (first.unmatched.decided_code, first.unmatched.decided_by) == (CODE, "clerk")
    matched, verdicts = credit.record(), credit.verdicts()
    assert list(VerifyScores(credit.dsn).differences()) == []
    assert {verdicts[event] for event in ("n1", "n2", "n3")} == {1}
    assert matched is not None
    # The same events with the code, one account each: revision, lines, evidence and all.
    assert matched == _as_if(credit, postgres)


def _as_if(credit: World, postgres: str) -> PublicRecord | None:
    """Return the record of a ledger that was told the code from the start: an enterprise of the same facts."""
    with twin(postgres, credit.clock.moment) as other:
        other.tell(told(enterprise(), "e1"), *coded())
        return other.record()


async def test_a_decision_taken_back_leaves_what_was_before_and_can_be_made_otherwise(parts: Parts) -> None:
    credit, served, stub = parts
    office = served.token(Role.REGULATOR)
    before, others = credit.record(), credit.record(OTHER)
    credit.tell(*nameless())
    case, penalty = (await stub.ListUnmatched(pb.ListUnmatchedRequest(), metadata=office)).unmatched
    for one in (case, penalty):
        await stub.DecideMatch(decision(one, f"d{one.unmatched_id}", credit_code=OTHER), metadata=office)
        undo = pb.UndoMatchRequest(
            request_id=f"u{one.unmatched_id}", unmatched_id=one.unmatched_id, reason="another firm of that name"
        )
        undone = await stub.UndoMatch(undo, metadata=office)
        assert undone == await stub.UndoMatch(undo, metadata=office)
        assert not undone.unmatched.is_decided
    assert (bare(credit.record()), bare(credit.record(OTHER))) == (bare(before), bare(others))
    assert list(VerifyScores(credit.dsn).differences()) == []
    await stub.DecideMatch(decision(case, "again", credit_code=CODE), metadata=office)
    await stub.DecideMatch(decision(penalty, "none", is_nobody=True), metadata=office)
    record = credit.record()
    assert record is not None
    assert [fact.kind for fact in record.facts] == ["complaint"]
    assert list((await stub.ListUnmatched(pb.ListUnmatchedRequest(), metadata=office)).unmatched) == []
    assert list(VerifyScores(credit.dsn).differences()) == []


async def test_what_is_told_later_of_a_decided_matter_counts_at_once_and_the_same_again_does_not(parts: Parts) -> None:
    credit, served, stub = parts
    office = served.token(Role.OFFICE)
    first, second, _ = nameless()
    credit.tell(first)
    (case,) = (await stub.ListUnmatched(pb.ListUnmatchedRequest(), metadata=office)).unmatched
    await stub.DecideMatch(decision(case, "d", credit_code=CODE), metadata=office)
    credit.tell(second, first, second)
    assert credit.verdicts()["n2"] == 1
    record = credit.record()
    assert record is not None
    assert ["ended without agreement" in fact.summary_en for fact in record.facts] == [True]
    # An open case of the same shop: the decision is a reason, never the answer.
    credit.tell(told(complaint("c9", "", respondent=Respondent(name="艾珀旗舰店", shop=MEANT.shop)), "n9"))
    (next_case,) = (await stub.ListUnmatched(pb.ListUnmatchedRequest(), metadata=office)).unmatched
    assert not next_case.decided_code


async def test_the_past_knows_a_match_for_the_time_in_which_it_stood(parts: Parts) -> None:
    credit, served, stub = parts
    office = served.token(Role.OFFICE)
    credit.tell(nameless()[1])
    (case,) = (await stub.ListUnmatched(pb.ListUnmatchedRequest(), metadata=office)).unmatched
    await stub.DecideMatch(decision(case, "d", credit_code=CODE), metadata=office)
    matched, moment = credit.record(), credit.clock.moment
    credit.clock.moment += timedelta(hours=1)
    undo = pb.UndoMatchRequest(request_id="u", unmatched_id=case.unmatched_id, reason="another firm of that name")
    await stub.UndoMatch(undo, metadata=office)
    assert matched is not None
    pool = open_pool(credit.dsn)
    read = ReadPast(PostgresPast(pool), RecordEncoder(), load_policies(POLICY_FOLDER), credit.clock)
    for known_at, count in ((moment, 1), (credit.clock.moment, 0)):
        question = Question(code=CODE, as_of=china_day(moment), known_at=known_at, purpose="proof")
        record = PublicRecord.FromString(read.compute(question, matched.revision).record)
        assert len(record.facts) == count
    pool.close()


@pytest.mark.parametrize(
    ("answer", "code", "field"),
    [
        ({"credit_code": "91330100799655058B"}, grpc.StatusCode.FAILED_PRECONDITION, ""),
        ({"credit_code": "91330100799655058X"}, grpc.StatusCode.INVALID_ARGUMENT, ""),
        ({}, grpc.StatusCode.INVALID_ARGUMENT, "answer"),
        ({"is_nobody": True, "reason": " "}, grpc.StatusCode.INVALID_ARGUMENT, "reason"),
        ({"is_nobody": True, "reason": "致电13812345678"}, grpc.StatusCode.INVALID_ARGUMENT, "reason"),
        ({"is_nobody": True, "request_id": ""}, grpc.StatusCode.INVALID_ARGUMENT, "request_id"),
        ({"is_nobody": True, "unmatched_id": 99}, grpc.StatusCode.NOT_FOUND, ""),
        ({"credit_code": OTHER, "request_id": "used"}, grpc.StatusCode.ALREADY_EXISTS, ""),
        ({"credit_code": OTHER}, grpc.StatusCode.FAILED_PRECONDITION, ""),
    ],
)
async def test_a_decision_that_cannot_stand_is_refused_by_name(
    parts: Parts, answer: dict[str, Any], code: grpc.StatusCode, field: str
) -> None:
    credit, served, stub = parts
    office = served.token(Role.OFFICE)
    credit.tell(nameless()[0])
    (case,) = (await stub.ListUnmatched(pb.ListUnmatchedRequest(), metadata=office)).unmatched
    if answer.get("credit_code") == OTHER:
        await stub.DecideMatch(decision(case, "used", credit_code=CODE), metadata=office)
    given = {"request_id": "r", "unmatched_id": case.unmatched_id, "reason": "why", **answer}
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.DecideMatch(pb.DecideMatchRequest(**given), metadata=office)
    assert caught.value.code() is code, caught.value.details()
    if field:
        status = rpc_status.from_call(caught.value)  # type: ignore[arg-type]
        assert status is not None
        request = error_details_pb2.BadRequest()
        assert any(detail.Unpack(request) for detail in status.details)
        assert request.field_violations[0].field == field


@pytest.mark.parametrize(
    ("respondent", "reason", "said"),
    [
        (None, "INVALID_CREDIT_CODE", "EMPTY"),
        (Respondent(name=" "), "INVALID_FIELD", "respondent.name"),
        (Respondent(name="某" * 201), "INVALID_FIELD", "respondent.name"),
        (Respondent(name="某店", region_code="52"), "INVALID_FIELD", "respondent.region_code"),
        (Respondent(name="某店13812345678"), "PERSONAL_DATA", "respondent.name"),
    ],
)
async def test_an_event_that_names_nobody_is_a_dead_letter(
    parts: Parts, respondent: Respondent | None, reason: str, said: str
) -> None:
    credit, _, _ = parts
    credit.tell(told(complaint("c1", "", respondent=respondent), "n1"))
    (letter,) = credit.dead_letters()
    assert letter.headers["dlq_reason"] == reason
    assert said in letter.headers["dlq_description"]


async def test_fraud_in_a_case_that_is_taken_back_marks_nobody_any_more(parts: Parts) -> None:
    credit, served, stub = parts
    office = served.token(Role.REGULATOR)
    credit.tell(told(complaint("honest", OTHER, complainant_pseudonym="one"), "h1"))
    complained, before = credit.record(OTHER), credit.record()
    ended = {"status": 5, "status_on": "2026-06-01", "complainant_pseudonym": "one", "reason_code": "FRAUD"}
    credit.tell(told(complaint("c1", "", respondent=MEANT, **ended), "n1"))
    (case,) = (await stub.ListUnmatched(pb.ListUnmatchedRequest(), metadata=office)).unmatched
    await stub.DecideMatch(decision(case, "d1", credit_code=CODE), metadata=office)
    _spread(credit)
    marked = credit.record(OTHER)
    assert complained is not None
    assert marked is not None
    assert marked.score_millipoints > complained.score_millipoints
    await stub.UndoMatch(
        pb.UndoMatchRequest(request_id="u1", unmatched_id=case.unmatched_id, reason="another"), metadata=office
    )
    _spread(credit)
    freed = credit.record(OTHER)
    assert freed is not None
    assert freed.score_millipoints == complained.score_millipoints
    freed_one = bare(credit.record())
    freed_one.ClearField("computed_time")
    wanted = bare(before)
    wanted.ClearField("computed_time")
    assert freed_one == wanted
    assert credit.restricted().open_case_count == 0
    assert list(VerifyScores(credit.dsn).differences()) == []


def _spread(credit: World) -> None:
    """Let what ended for fraud, or no longer did, reach the merchants of its complainant."""
    credit.clock.moment += timedelta(minutes=5)
    credit.sweeper.sweep_once()
    credit.drain()
