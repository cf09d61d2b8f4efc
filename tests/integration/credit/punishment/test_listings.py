"""A listing from trigger to verified lift over a real server, and everything that must be refused on the way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
from merchantcredit.credit.v1 import punishment_pb2 as model
from merchantcredit.credit.v1 import punishment_service_pb2 as pb
from merchantcredit.events.v1 import directive_pb2 as fb
from merchantcredit.events.v1.directive_pb2 import Directive

from services.common.auth.actor import Role
from services.common.eventlog.retention import Retention
from services.credit.adapters.punishment.verify import Verified, verify
from tests.integration.credit.punishment.office_world import (
    EVIDENCE,
    FINANCE,
    MEASURES,
    OfficeWorld,
    feedback,
    office_world,
    refused,
    rid,
)
from tests.integration.credit.world import CODE, NOW

pytestmark = pytest.mark.both_majors

PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
INVALID = grpc.StatusCode.INVALID_ARGUMENT


@pytest.fixture
async def offices(dsn: str, tmp_path: Path) -> AsyncIterator[OfficeWorld]:
    async with office_world(dsn, tmp_path) as made:
        yield made


def verified(offices: OfficeWorld) -> Verified:
    with psycopg.connect(offices.world.dsn) as conn:
        return verify(conn, offices.sweeper._law, offices.clock.now())


async def test_a_case_from_trigger_to_verified_lift(offices: OfficeWorld) -> None:
    decided = await offices.list_it()
    assert decided.listing.state == model.LISTING_STATE_PUBLISHED
    assert decided.listing.until == "2029-06-15"
    assert len(decided.directives) == 6  # three measures, province and prefecture
    assert await offices.measures() == ["limit-procurement", "prudent-credit", "weigh-in-licence"]
    assert await offices.check() == ["limit-procurement"] * 2
    offices.drain()
    (numbered,), cursor = await offices.read()
    directive = Directive.FromString(numbered.directive)
    assert (numbered.number, directive.action, directive.measure_id) == (
        1,
        fb.DIRECTIVE_ACTION_APPLY,
        "limit-procurement",
    )
    for kind in (fb.FEEDBACK_KIND_ACKNOWLEDGED, fb.FEEDBACK_KIND_APPLIED, fb.FEEDBACK_KIND_REPORTED):
        await offices.tell(numbered, kind)
    assert verified(offices).faults == []
    offices.clock.moment = NOW + timedelta(days=1)
    ended = await offices.end()
    assert {d.state for d in ended.directives} == {model.DIRECTIVE_STATE_LIFTING}
    assert await offices.measures() == []
    assert await offices.measures(NOW + timedelta(hours=1)) == [
        "limit-procurement",
        "prudent-credit",
        "weigh-in-licence",
    ]
    assert await offices.check() == []
    offices.drain()
    (lift,), _ = await offices.read(cursor=cursor)
    assert (lift.number, Directive.FromString(lift.directive).lift_reason) == (2, "ANNULLED")
    standing = await offices.tell(lift, fb.FEEDBACK_KIND_LIFT_CONFIRMED)
    assert standing.state == model.DIRECTIVE_STATE_LIFTED_CONFIRMED
    states = {d.department: d.state for d in (await offices.get()).directives if d.measure_id == "limit-procurement"}
    assert states == {FINANCE: model.DIRECTIVE_STATE_LIFTED_CONFIRMED, "finance-520000": model.DIRECTIVE_STATE_LIFTING}
    found = verified(offices)
    assert (found.orders, found.directives, found.faults) == (6, 12, [])


async def test_every_step_keeps_who_did_it_in_what_office_on_what_paper(offices: OfficeWorld) -> None:
    await offices.list_it()
    steps = (await offices.get()).listing.steps
    assert [(s.kind, s.actor, s.document_number) for s in steps] == [
        (model.STEP_KIND_PROPOSE, "proposer", ""),
        (model.STEP_KIND_NOTIFY, "proposer", "告1"),
        (model.STEP_KIND_HEAR, "proposer", "听1"),
        (model.STEP_KIND_DECIDE, "decider", "决1"),
        (model.STEP_KIND_PUBLISH, "decider", "决1"),
    ]
    assert {s.office for s in steps} == {"market-regulation-520000"}


async def test_a_forgotten_step_shows(offices: OfficeWorld) -> None:
    await offices.propose()

    async def overdue() -> list[str]:
        found = await offices.stub.ListListings(pb.ListListingsRequest(overdue_only=True), metadata=offices.decider)
        return [f"{one.listing_id} {one.due_step} {one.due_on}" for one in found.listings]

    assert await overdue() == []
    offices.clock.moment = NOW + timedelta(days=10)
    assert await overdue() == ["l1 NOTIFY 2026-06-23"]


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ({"fact_ids": [f"penalty:{CODE}:light"]}, PRECONDITION, "heavier"),
        ({"is_grave": False}, PRECONDITION, "is_grave"),
        ({"fact_ids": ["penalty:x:y"]}, INVALID, "no fact of"),
        ({"fact_ids": []}, INVALID, "as evidence"),
        ({"list_id": "black"}, INVALID, "list_id"),
        ({"trigger_id": "score"}, INVALID, "trigger_id"),
        ({"credit_code": "9152000071430580X"}, INVALID, "credit_code"),
        ({"credit_code": "914403001922038216"}, grpc.StatusCode.NOT_FOUND, "nothing was ever told"),
        ({"severity": 0}, INVALID, "severity"),
        ({"listing_id": "a b"}, INVALID, "listing_id"),
    ],
)
async def test_bad_proposals_are_refused(
    offices: OfficeWorld, given: dict[str, Any], code: grpc.StatusCode, said: str
) -> None:
    given = {"listing_id": "l1", **given}
    error = await refused(offices.propose(**given))
    assert error.code() is code
    assert said in (error.details() or "")
    assert offices.world.rows("SELECT 1 FROM credit.listing") == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"measure_ids": ["mission-2015"]}, "no basis in force"),
        ({"measure_ids": ["green-channel"]}, "may follow only"),
        ({"document_number": ""}, "document_number"),
    ],
)
async def test_bad_decisions_change_nothing(offices: OfficeWorld, given: dict[str, Any], said: str) -> None:
    await offices.propose()
    await offices.notify()
    await offices.hear()
    error = await refused(offices.decide(**given))
    assert said in (error.details() or "")
    assert offices.world.rows("SELECT state FROM credit.listing") == [(3,)]
    assert offices.world.rows("SELECT 1 FROM credit.directive") == []


async def test_nothing_is_listed_without_notice_or_by_the_wrong_office(offices: OfficeWorld) -> None:
    await offices.propose()
    error = await refused(offices.decide())
    assert error.code() is PRECONDITION
    assert "lawful now is DROP, NOTIFY" in (error.details() or "")
    await offices.notify()
    await offices.hear()
    request = pb.DecideListingRequest(request_id=rid(), listing_id="l1", document_number="决", reasons="r")
    for office, said in (("finance-520000", "may not decide"), ("market-regulation-520200", "may not decide"),
                         ("market-regulation-520900", "needs the approval of market-regulation-520000")):  # fmt: skip
        who = offices.who(grpc_role(), "decider", office)
        error = await refused(offices.stub.DecideListing(request, metadata=who))
        assert said in (error.details() or "")


async def test_below_the_province_another_person_of_the_next_higher_office_approves(offices: OfficeWorld) -> None:
    await offices.propose()
    await offices.notify()
    below = offices.who(Role.REGULATOR, "decider", "market-regulation-520900")
    request = pb.ApproveListingRequest(request_id=rid(), listing_id="l1", document_number="批1")
    early = await refused(offices.stub.ApproveListing(request, metadata=offices.second))
    assert early.code() is PRECONDITION
    await offices.hear()
    for who, code in (
        (offices.proposer, PRECONDITION),
        (offices.who(Role.OFFICE, "x", "finance-520000"), grpc.StatusCode.PERMISSION_DENIED),
        (offices.department(), grpc.StatusCode.PERMISSION_DENIED),
    ):
        assert (await refused(offices.stub.ApproveListing(request, metadata=who))).code() is code
    decision = pb.DecideListingRequest(
        request_id=rid(), listing_id="l1", document_number="决", reasons="r", measure_ids=MEASURES
    )
    assert (await refused(offices.stub.DecideListing(decision, metadata=below))).code() is PRECONDITION
    await offices.stub.ApproveListing(request, metadata=offices.second)
    decided = await offices.stub.DecideListing(decision, metadata=below)
    assert decided.listing.state == model.LISTING_STATE_PUBLISHED
    told = next(step for step in decided.listing.steps if step.kind == model.STEP_KIND_DECIDE)
    assert (told.approver, told.approval_office, told.approval_document) == (
        "second", "market-regulation-520000", "批1",
    )  # fmt: skip


async def test_a_list_that_asks_for_no_approval_takes_none(offices: OfficeWorld) -> None:
    await offices.propose(list_id="key-attention", trigger_id="repeated-violation", is_grave=False)
    await offices.notify()
    await offices.hear()
    request = pb.ApproveListingRequest(request_id=rid(), listing_id="l1", document_number="批1")
    assert (await refused(offices.stub.ApproveListing(request, metadata=offices.second))).code() is PRECONDITION


def grpc_role() -> Any:
    return Role.REGULATOR


async def test_the_same_request_again_changes_nothing_and_another_body_is_refused(offices: OfficeWorld) -> None:
    await offices.propose()
    request = pb.NotifyListingRequest(request_id="r", listing_id="l1", document_number="告", reasons="r", rights="r")
    first = await offices.stub.NotifyListing(request, metadata=offices.proposer)
    assert await offices.stub.NotifyListing(request, metadata=offices.proposer) == first
    request.reasons = "other"
    error = await refused(offices.stub.NotifyListing(request, metadata=offices.proposer))
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    error = await refused(offices.propose())
    assert "stands for another listing" in (error.details() or "")


async def test_an_objection_marks_and_another_person_annuls(offices: OfficeWorld) -> None:
    await offices.list_it()
    request = pb.FileObjectionRequest(request_id=rid(), listing_id="l1", grounds="不是我店")
    marked = (await offices.stub.FileObjection(request, metadata=offices.merchant)).listing
    assert (marked.is_objected, marked.due_step) == (True, "DECIDE_OBJECTION")
    check = pb.CheckEnterpriseRequest(credit_code=CODE, purpose=model.CHECK_PURPOSE_LICENCE)
    answer = await offices.stub.CheckEnterprise(check, metadata=offices.department())
    assert {m.is_objected for m in answer.measures} == {True}
    decision = pb.DecideObjectionRequest(
        request_id=rid(), listing_id="l1", document_number="异1", is_upheld=True, reasons="属实"
    )
    error = await refused(offices.stub.DecideObjection(decision, metadata=offices.decider))
    assert "another person" in (error.details() or "")
    upheld = (await offices.stub.DecideObjection(decision, metadata=offices.second)).listing
    assert (upheld.state, upheld.end_reason) == (model.LISTING_STATE_ENDED, model.END_REASON_ANNULLED)
    assert await offices.measures() == []


async def test_a_repair_has_its_first_day_and_lifts_everything(offices: OfficeWorld) -> None:
    await offices.list_it()
    apply = pb.ApplyRepairRequest(request_id=rid(), listing_id="l1", commitment="守法经营", proofs=["罚没收据1"])
    error = await refused(offices.stub.ApplyRepair(apply, metadata=offices.merchant))
    assert "2027-06-15" in (error.details() or "")
    offices.clock.moment = datetime(2027, 6, 15, 4, tzinfo=UTC)
    pending = (await offices.stub.ApplyRepair(apply, metadata=offices.merchant)).listing
    assert pending.is_repair_pending
    grant = pb.DecideRepairRequest(request_id=rid(), listing_id="l1", document_number="修1", is_granted=True)
    repaired = (await offices.stub.DecideRepair(grant, metadata=offices.decider)).listing
    assert (repaired.state, repaired.end_reason) == (model.LISTING_STATE_ENDED, model.END_REASON_REPAIRED)
    assert await offices.check() == []


async def test_a_term_ends_by_itself_and_every_read_knows_it_at_once(offices: OfficeWorld) -> None:
    await offices.list_it()
    offices.clock.moment = datetime(2029, 6, 14, 16, tzinfo=UTC)  # midnight of 2029-06-15 in Asia/Shanghai
    assert await offices.check() == []
    assert await offices.measures() == []
    offices.sweeper.sweep_once()
    assert (await offices.get()).listing.end_reason == model.END_REASON_TERM_OVER
    offices.drain()
    assert verified(offices).faults == []
    assert offices.sweeper.sweep_once() == 0


async def test_a_forgotten_answer_is_reminded_of_and_escalated(offices: OfficeWorld) -> None:
    await offices.list_it()
    offices.drain()
    for _ in range(3):
        offices.clock.moment += timedelta(days=30)
        assert offices.sweeper.sweep_once() == 6
        offices.drain()
    assert offices.sweeper.sweep_once() == 0
    got, _ = await offices.read()
    assert [Directive.FromString(n.directive).action for n in got] == [1, 3, 3]
    request = pb.ListDirectivesRequest(overdue_only=True)
    found = await offices.stub.ListDirectives(request, metadata=offices.decider)
    assert [(d.reminders, d.is_escalated) for d in found.directives] == [(2, True)] * 6
    await offices.end()
    offices.drain()
    offices.clock.moment += timedelta(days=30)
    offices.sweeper.sweep_once()
    offices.drain()
    got, _ = await offices.read()
    assert [Directive.FromString(n.directive).action for n in got] == [1, 3, 3, 2, 3]  # the lift's reminder is another


async def test_the_check_records_each_look_up_before_it_answers(offices: OfficeWorld) -> None:
    assert await offices.check() == []
    rows = offices.world.rows("SELECT code, purpose, actor, office FROM credit.lookup")
    assert rows == [(CODE, model.CHECK_PURPOSE_PROCUREMENT, "clerk", FINANCE)]
    request = pb.CheckEnterpriseRequest(credit_code=CODE)
    assert (await refused(offices.stub.CheckEnterprise(request, metadata=offices.department()))).code() is INVALID


async def test_the_enterprise_sees_who_looked_and_nobody_else_does(offices: OfficeWorld) -> None:
    for purpose in (model.CHECK_PURPOSE_PROCUREMENT, model.CHECK_PURPOSE_FUNDING, model.CHECK_PURPOSE_LICENCE):
        await offices.check(purpose)
    request = pb.ListLookupsRequest(credit_code=CODE, page_size=2)
    first = await offices.stub.ListLookups(request, metadata=offices.merchant)
    request.page_token = first.next_page_token
    second = await offices.stub.ListLookups(request, metadata=offices.merchant)
    seen = [*first.lookups, *second.lookups]
    assert [one.purpose for one in seen] == [
        model.CHECK_PURPOSE_LICENCE, model.CHECK_PURPOSE_FUNDING, model.CHECK_PURPOSE_PROCUREMENT,
    ]  # fmt: skip
    assert {(one.office, one.actor) for one in seen} == {(FINANCE, "")}
    assert (second.next_page_token, seen[0].looked_time.ToDatetime(UTC)) == ("", offices.clock.now())
    named = await offices.stub.ListLookups(pb.ListLookupsRequest(credit_code=CODE), metadata=offices.decider)
    assert {one.actor for one in named.lookups} == {"clerk"}
    stranger = offices.who(Role.MERCHANT, "9152000071430580XT", "")
    call = offices.stub.ListLookups(pb.ListLookupsRequest(credit_code=CODE), metadata=stranger)
    assert (await refused(call)).code() is grpc.StatusCode.PERMISSION_DENIED


async def test_incentives_run_on_the_same_rails(offices: OfficeWorld) -> None:
    """The honest list: no prior notice, another person decides, departments apply, the end lifts everywhere, and all verifies."""
    given = {"list_id": "honest", "trigger_id": "honest-demonstration", "severity": 1, "is_grave": False}
    proposed = await offices.propose(**given)
    assert proposed.due_step == "DECIDE"
    wrong = await refused(offices.decide(measure_ids=MEASURES[:1]))
    assert wrong.code() is grpc.StatusCode.FAILED_PRECONDITION
    decided = await offices.decide(measure_ids=["green-channel"])
    assert {one.state for one in decided.directives} == {model.DIRECTIVE_STATE_ISSUED}
    offices.drain()
    office = decided.directives[0].department
    (numbered,), cursor = await offices.read(office)
    assert Directive.FromString(numbered.directive).measure_id == "green-channel"
    for kind in (2, 3):
        await offices.tell(numbered, kind)
    assert await offices.measures() == ["green-channel"]
    await offices.end()
    await asyncio.to_thread(offices.drain)
    (lift,), _ = await offices.read(office, cursor)
    await offices.tell(lift, 6)
    assert await offices.measures() == []
    found = await offices.stub.VerifyMeasures(pb.VerifyMeasuresRequest(), metadata=offices.decider)
    assert (found.fault_count, found.order_count) == (0, len(decided.directives))


async def test_a_department_that_was_away_for_a_year_gets_all_in_order_and_confirms_the_lift(
    offices: OfficeWorld,
) -> None:
    await offices.list_it()
    offices.drain()
    offices.clock.moment += timedelta(days=400)
    while offices.sweeper.sweep_once():
        offices.drain()
    Retention(offices.world.dsn, offices.clock).retain_once()
    await offices.end()
    offices.drain()
    got, _ = await offices.read()
    told = [Directive.FromString(one.directive) for one in got]
    assert [one.number for one in got] == list(range(1, len(got) + 1))
    assert (told[0].action, told[-1].action) == (1, 2)
    await offices.tell(got[-1], 6)
    standing = (await offices.get()).directives
    state = {one.department: one.state for one in standing if one.measure_id == told[0].measure_id}
    assert state[FINANCE] == model.DIRECTIVE_STATE_LIFTED_CONFIRMED
    found = await offices.stub.VerifyMeasures(pb.VerifyMeasuresRequest(), metadata=offices.decider)
    assert list(found.faults) == []


async def test_a_merchant_reads_only_its_own(offices: OfficeWorld) -> None:
    await offices.list_it()
    own = await offices.stub.GetListing(pb.GetListingRequest(listing_id="l1"), metadata=offices.merchant)
    assert own.listing.steps[0].fact_ids == [EVIDENCE]
    stranger = offices.who(Role.MERCHANT, "9152000071430580XT", "")
    error = await refused(offices.stub.GetListing(pb.GetListingRequest(listing_id="l1"), metadata=stranger))
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_answers_by_rpc_are_strict(offices: OfficeWorld) -> None:
    await offices.list_it()
    offices.drain()
    (numbered,), _ = await offices.read()
    error = await refused(offices.tell(numbered, fb.FEEDBACK_KIND_REPORTED))
    assert "lawful now is ACKNOWLEDGED, DELIVERED" in (error.details() or "")
    error = await refused(offices.tell(numbered, fb.FEEDBACK_KIND_ACKNOWLEDGED, office="commerce-520900"))
    assert error.code() is grpc.StatusCode.NOT_FOUND  # another department's directive
    await offices.tell(numbered, fb.FEEDBACK_KIND_ACKNOWLEDGED, request_id="same")
    await offices.tell(numbered, fb.FEEDBACK_KIND_ACKNOWLEDGED, request_id="same")
    error = await refused(offices.tell(numbered, fb.FEEDBACK_KIND_DECLINED))
    assert "decline_reason" in (error.details() or "")
    declined = await offices.tell(numbered, fb.FEEDBACK_KIND_DECLINED, decline_reason=fb.DECLINE_REASON_NOT_COMPETENT)
    assert declined.state == model.DIRECTIVE_STATE_DECLINED
    assert feedback(numbered, 1).number == 1


async def test_cursors_that_are_not_ours_are_refused_and_ours_prove_delivery(offices: OfficeWorld) -> None:
    await offices.list_it()
    offices.drain()
    _, cursor = await offices.read()
    other = (await offices.read("finance-520000"))[1]
    await offices.read(cursor=cursor)
    listed = {d.department: d.state for d in (await offices.get()).directives if d.measure_id == "limit-procurement"}
    assert listed[FINANCE] == model.DIRECTIVE_STATE_DELIVERED
    assert listed["finance-520000"] == model.DIRECTIVE_STATE_ISSUED
    with psycopg.connect(offices.world.dsn) as conn:
        conn.execute("INSERT INTO eventlog.epoch VALUES (2)")
    for bad in ("nonsense", other, cursor):  # the last is of before a restore
        error = await refused(offices.read(cursor=bad))
        assert error.code() is grpc.StatusCode.OUT_OF_RANGE
    error = await refused(
        offices.stub.WatchDirectives(
            pb.WatchDirectivesRequest(department="commerce-520900"), metadata=offices.department()
        ).read()
    )
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
