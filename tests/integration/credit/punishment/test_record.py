"""What a listing does to the enterprise's record: in the transaction of each step, and until its end."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from merchantcredit.credit.v1 import punishment_pb2 as model
from merchantcredit.credit.v1 import punishment_service_pb2 as pb
from merchantcredit.credit.v1.record_pb2 import PublicRecord

from services.common.clock import china_day
from services.credit.adapters.policy_files import load_policies
from services.credit.adapters.punishment.open_lifts import open_lifts
from services.credit.adapters.verify_store import RecordEncoder, WholeLedger, snapshot
from services.credit.application.verify_scores import Verification
from services.credit.config import POLICY_FOLDER
from tests.integration.credit.punishment.office_world import FINANCE, OfficeWorld, office_world, refused, rid


@pytest.fixture
async def offices(dsn: str, tmp_path: Path) -> AsyncIterator[OfficeWorld]:
    async with office_world(dsn, tmp_path) as made:
        yield made


def record(offices: OfficeWorld) -> PublicRecord:
    found = offices.world.record()
    assert found is not None
    return found


def listings(offices: OfficeWorld) -> list[tuple[str, str, bool]]:
    return [(f.fact_id, f.until, f.is_objected) for f in record(offices).facts if f.kind == "listing"]


async def test_a_published_listing_is_on_the_record_at_once_and_grades_d(offices: OfficeWorld) -> None:
    before = record(offices)
    await offices.list_it()
    after = record(offices)
    assert (before.grade != "D", after.grade) == (True, "D")
    assert listings(offices) == [("listing:l1", "2029-06-15", False)]
    (line,) = [line for line in after.contributions if line.rule_id == "list.override"]
    assert (list(line.evidence_ids), line.fact_count, line.until) == (["listing:l1"], 1, "2029-06-15")
    assert sum(line.amount_millipoints for line in after.contributions) == after.score_millipoints
    assert offices.world.grade_changes()[-1].to_grade == "D"


async def test_a_listing_that_does_not_lower_is_only_shown(offices: OfficeWorld) -> None:
    before = record(offices)
    await offices.propose(list_id="key-attention", trigger_id="repeated-violation")
    await offices.notify()
    await offices.hear()
    await offices.decide(measure_ids=[])
    assert record(offices).score_millipoints == before.score_millipoints
    assert [fact[0] for fact in listings(offices)] == ["listing:l1"]


async def test_an_objection_marks_the_record_and_an_annulled_listing_leaves_no_trace(offices: OfficeWorld) -> None:
    before = record(offices)
    await offices.list_it()
    objection = pb.FileObjectionRequest(request_id=rid(), listing_id="l1", grounds="不是我店")
    await offices.stub.FileObjection(objection, metadata=offices.merchant)
    assert listings(offices) == [("listing:l1", "2029-06-15", True)]
    decision = pb.DecideObjectionRequest(
        request_id=rid(), listing_id="l1", document_number="异1", is_upheld=False, reasons="不成立"
    )
    await offices.stub.DecideObjection(decision, metadata=offices.second)
    assert listings(offices) == [("listing:l1", "2029-06-15", False)]
    await offices.end()
    assert listings(offices) == []
    assert record(offices).score_millipoints == before.score_millipoints


async def test_a_repair_moves_publication_score_measures_and_sharing_as_one(offices: OfficeWorld) -> None:
    await offices.list_it()
    offices.drain()
    offices.clock.moment = datetime(2027, 6, 15, 4, tzinfo=UTC)
    apply = pb.ApplyRepairRequest(request_id=rid(), listing_id="l1", commitment="守法经营", proofs=["罚没收据1"])
    await offices.stub.ApplyRepair(apply, metadata=offices.merchant)
    assert record(offices).grade == "D"
    grant = pb.DecideRepairRequest(request_id=rid(), listing_id="l1", document_number="修1", is_granted=True)
    await offices.stub.DecideRepair(grant, metadata=offices.decider)
    assert (listings(offices), await offices.measures(), await offices.check()) == ([], [], [])
    assert record(offices).grade != "D"
    # One transaction wrote the listing, the record, the message to search, and the lifts.
    assert offices.world.rows(
        "SELECT count(DISTINCT xmin) FROM (SELECT xmin::text FROM credit.listing UNION ALL SELECT xmin::text"
        " FROM credit.directive UNION ALL SELECT xmin::text FROM credit.public_record WHERE code = %s UNION ALL"
        " SELECT xmin::text FROM credit.enterprise_check) AS w",
        record(offices).credit_code,
    ) == [(1,)]
    with offices.world.batch.pool.connection() as conn:
        day = china_day(offices.clock.now())
        open_now = open_lifts(conn, offices.sweeper._law, record(offices).credit_code, day)
    assert len(open_now) == 6
    assert FINANCE in {lift.department for lift in open_now}


async def test_a_refused_repair_tells_its_next_day_and_the_record_knows_it(offices: OfficeWorld) -> None:
    await offices.list_it()
    offices.clock.moment = datetime(2027, 6, 15, 4, tzinfo=UTC)
    apply = pb.ApplyRepairRequest(request_id=rid(), listing_id="l1", commitment="守法经营", proofs=["收据"])
    await offices.stub.ApplyRepair(apply, metadata=offices.merchant)
    refusal = pb.DecideRepairRequest(request_id=rid(), listing_id="l1", document_number="拒1", reasons="未履行义务")
    assert "next_on" in ((await refused(offices.stub.DecideRepair(refusal, metadata=offices.decider))).details() or "")
    refusal.next_on = "2027-06-15"
    assert "after 2027-06-15" in (
        (await refused(offices.stub.DecideRepair(refusal, metadata=offices.decider))).details() or ""
    )
    refusal.next_on = "2027-09-15"
    await offices.stub.DecideRepair(refusal, metadata=offices.decider)
    apply.request_id = rid()
    error = await refused(offices.stub.ApplyRepair(apply, metadata=offices.merchant))
    assert "2027-09-15" in (error.details() or "")


async def test_a_term_that_is_over_leaves_the_record_by_itself_and_all_verifies(offices: OfficeWorld) -> None:
    await offices.list_it()
    offices.clock.moment = datetime(2029, 6, 14, 16, tzinfo=UTC)  # midnight in Asia/Shanghai
    offices.world.sweeper.sweep_once()
    assert listings(offices) == []
    assert record(offices).grade != "D"
    offices.sweeper.sweep_once()
    assert (await offices.get()).listing.end_reason == model.END_REASON_TERM_OVER
    with snapshot(offices.world.dsn) as conn:
        found = Verification(load_policies(POLICY_FOLDER), RecordEncoder())
        assert list(found.differences(WholeLedger(conn))) == []


async def test_a_lift_twice_is_refused_and_changes_nothing(offices: OfficeWorld) -> None:
    await offices.list_it()
    await offices.end()
    before = (record(offices), offices.world.rows("SELECT count(*) FROM eventlog.message"))
    error = await refused(offices.end())
    assert "END is not possible while the listing is ENDED: lawful now is nothing" in (error.details() or "")
    assert (record(offices), offices.world.rows("SELECT count(*) FROM eventlog.message")) == before
