"""Mergers over real parts: the facts of both count for the one that goes on, each record names the other, and all is reversible."""

import random
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
from merchantcredit.credit.v1 import review_service_pb2 as reviews
from merchantcredit.credit.v1.credit_service_pb2 import GetCreditRecordRequest, GetWayBackRequest, ListEvidenceRequest
from merchantcredit.credit.v1.credit_service_pb2_grpc import CreditServiceStub
from merchantcredit.credit.v1.record_pb2 import PublicRecord
from merchantcredit.credit.v1.review_service_pb2_grpc import ReviewServiceStub
from merchantcredit.events.v1.complaint_pb2 import CASE_JUDGEMENT_GENUINE
from merchantcredit.registry.v1 import registry_service_pb2 as pb
from merchantcredit.registry.v1.registry_service_pb2_grpc import RegistryServiceStub

from services.common.auth.actor import Role
from services.common.clock import FixedClock, china_day
from services.common.db.pool import open_pool
from services.common.eventlog.port import Message, Record
from services.common.eventlog.topics import RECORD
from services.credit.adapters import population_reader
from services.credit.adapters.past_reader import PostgresPast
from services.credit.adapters.policy_files import load_policies
from services.credit.adapters.verify_store import RecordEncoder, snapshot
from services.credit.application.read_past import Question, ReadPast
from services.credit.bootstrap import serving, serving_reviews
from services.credit.config import POLICY_FOLDER, CreditConfig
from services.credit.offline import VerifyScores, mend_scores
from services.registry import bootstrap as registry
from services.search.consumers.records import decode
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
    volume,
    world,
)
from tests.integration.grpc_fixtures import Served, serve

THIRD = "91330100799655058B"
NAMES = {CODE: "云上艾珀（贵州）技术有限公司", OTHER: "贵州茅台酒股份有限公司", THIRD: "阿里巴巴（中国）有限公司"}
Parts = tuple[World, Served, Any]


@pytest.fixture
async def parts(dsn: str, tmp_path: Path) -> AsyncIterator[Parts]:
    clock = FixedClock(NOW)
    with world(dsn, clock=clock) as made:
        config = CreditConfig(dsn=dsn, complainant_key=KEY)
        async with serve(
            tmp_path, lambda: [registry.serving(dsn, clock), serving(config, clock), serving_reviews(config, clock)]
        ) as served:
            stub: Any = RegistryServiceStub(served.channel)
            for code, name in NAMES.items():
                request = pb.RegisterEnterpriseRequest(request_id=code, registration=enterprise(code, name=name))
                await stub.RegisterEnterprise(request, metadata=served.token(Role.OFFICE))
            made.tell(*facts())
            yield made, served, stub


def facts() -> Sequence[Message]:
    """Return facts of two enterprises, more cases than a record shows, and no burst of them."""
    return (
        *(told(complaint(f"c{n}", received_on=f"2026-{n % 4 + 2:02}-{n + 1:02}"), f"c{n}") for n in range(24)),
        told(violation("v1"), "v1"),
        # One complains of both, three times of one and twice of the other.
        *(
            told(complaint(f"s{n}", code, received_on=f"2026-0{n + 1}-20", complainant_pseudonym="both"), f"s{n}")
            for n, code in enumerate((CODE, OTHER, CODE, OTHER, CODE))
        ),
        told(complaint("d1", OTHER, received_on="2026-05-15"), "d1"),
        told(violation("w1", OTHER, severity=1), "w1"),
        told(volume("2026-04", 3000, OTHER), "o1", source="//platform.p1"),
        told(volume("2026-04", 5000), "o2", source="//platform.p1"),
    )


def bare(record: PublicRecord | None) -> PublicRecord:
    """Return a record without its revision."""
    assert record is not None
    other = PublicRecord()
    other.CopyFrom(record)
    other.ClearField("revision")
    return other


def assert_proven(credit: World) -> None:
    assert list(VerifyScores(credit.dsn).differences()) == []


async def merge(stub: Any, served: Served, code: str, into: str, request_id: str = "m") -> pb.MergeEnterpriseResponse:
    request = pb.MergeEnterpriseRequest(
        request_id=request_id, credit_code=code, into_credit_code=into, merged_on="2026-06-14"
    )
    answer: pb.MergeEnterpriseResponse = await stub.MergeEnterprise(request, metadata=served.token(Role.OFFICE))
    return answer


async def test_a_merger_carries_the_facts_and_each_record_names_the_other(parts: Parts) -> None:
    credit, served, stub = parts
    await merge(stub, served, CODE, OTHER)
    assert (await merge(stub, served, CODE, OTHER)).enterprise.registration.revision == 2
    credit.drain()
    root, merged = credit.record(OTHER), credit.record(CODE)
    assert root is not None
    assert merged is not None
    assert (merged.merged_into.credit_code, merged.merged_into.name) == (OTHER, NAMES[OTHER])
    assert (merged.grade, list(merged.facts), list(merged.contributions)) == ("NR", [], [])
    assert [(one.credit_code, one.name) for one in root.merged_from] == [(CODE, NAMES[CODE])]
    assert sum(line.amount_millipoints for line in root.contributions) == root.score_millipoints
    counts = {line.rule_id: line.fact_count for line in root.contributions}
    assert (counts["complaint.rate"], counts["penalty.ordinary"], counts["penalty.minor"]) == (30, 1, 1)
    assert_proven(credit)
    # What is told of the merged one from now on moves the other.
    credit.tell(told(violation("v2", severity=3), "v2"))
    after = credit.record(OTHER)
    assert after is not None
    assert "penalty.serious" in {line.rule_id for line in after.contributions}
    assert after.revision > root.revision
    assert_proven(credit)
    credit.clock.moment += timedelta(days=40)
    credit.sweeper.sweep_once()
    turned = credit.record(OTHER)
    assert turned is not None
    assert (turned.day, len(turned.merged_from)) == ("2026-07-25", 1)
    assert_proven(credit)


async def test_who_complains_of_several_of_a_family_weighs_as_one(parts: Parts) -> None:
    """As many points as if all cases had named the one that goes on, before the merger and after, and when cases end."""
    credit, served, stub = parts
    await merge(stub, served, CODE, OTHER)
    credit.drain()
    spread = [told(complaint(f"x{n}", (CODE, OTHER)[n % 2], complainant_pseudonym="x"), f"x{n}") for n in range(6)]
    again = [complaint(f"x{n}", (CODE, OTHER)[n % 2], complainant_pseudonym="x", status=6) for n in range(4)]
    later = NOW + timedelta(minutes=1)
    for batch in (spread[:1], spread[1:5], spread[5:], [told(one, f"e{one.case_id}", at=later) for one in again]):
        credit.tell(*batch)
        assert_proven(credit)
    split = credit.record(OTHER)
    assert split is not None
    for n in range(6):
        credit.tell(told(complaint(f"x{n}", OTHER, complainant_pseudonym="x", status=0), f"t{n}", at=later))
    gathered = credit.record(OTHER)
    assert gathered is not None
    assert gathered.score_millipoints == split.score_millipoints
    ((cells,),) = credit.rows("SELECT length(shared) FROM credit.subject WHERE code = %s", OTHER)
    assert cells > 0  # who complained of both before the merger


async def test_an_altered_count_over_a_family_is_found(parts: Parts) -> None:
    credit, served, stub = parts
    await merge(stub, served, CODE, OTHER)
    credit.drain()
    with psycopg.connect(credit.dsn) as conn:
        conn.execute("UPDATE credit.subject SET shared = '' WHERE code = %s", [OTHER])
    found = list(VerifyScores(credit.dsn).differences())
    assert [(one.code, one.what) for one in found] == [(OTHER, "shared")]
    mend_scores(credit.dsn, found, credit.clock)
    assert_proven(credit)


async def test_reads_beside_the_record_follow_a_merger(parts: Parts) -> None:
    credit, served, stub = parts
    await merge(stub, served, CODE, OTHER)
    credit.drain()
    office = served.token(Role.OFFICE)
    reads: Any = CreditServiceStub(served.channel)
    page = await reads.ListEvidence(ListEvidenceRequest(credit_code=OTHER, page_size=100), metadata=office)
    assert len(page.evidence) == len(facts())
    way = await reads.GetWayBack(GetWayBackRequest(credit_code=OTHER), metadata=office)
    record = credit.record(OTHER)
    assert record is not None
    assert way.score_millipoints == record.score_millipoints
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await reads.GetWayBack(GetWayBackRequest(credit_code=CODE), metadata=office)
    assert OTHER in (caught.value.details() or "")
    with snapshot(credit.dsn) as conn:
        ((_, chunk),) = population_reader.chunks(conn)
    assert dict(zip(chunk.codes, chunk.population.known.tolist(), strict=True)) == {
        CODE: False,
        OTHER: True,
        THIRD: True,
    }
    ((value,),) = credit.rows("SELECT record FROM credit.public_record WHERE code = %s", CODE)
    document = decode(Record(RECORD, 0, 0, CODE, {}, bytes(value)))
    assert document is not None
    assert document.merged_into == OTHER


async def test_a_merger_taken_back_leaves_each_record_as_it_was(parts: Parts) -> None:
    credit, served, stub = parts
    before = {code: bare(credit.record(code)) for code in NAMES}
    await merge(stub, served, CODE, OTHER, "m1")
    await merge(stub, served, OTHER, THIRD, "m2")
    credit.drain()
    chain = credit.record(THIRD)
    assert chain is not None
    assert [one.credit_code for one in chain.merged_from] == sorted([CODE, OTHER])
    assert_proven(credit)
    known_at, published = credit.clock.moment, chain
    credit.clock.moment += timedelta(minutes=1)
    office = served.token(Role.OFFICE)
    for n, code in enumerate((OTHER, CODE)):
        await stub.UnmergeEnterprise(pb.UnmergeEnterpriseRequest(request_id=f"u{n}", credit_code=code), metadata=office)
        credit.drain()
        assert_proven(credit)
    for code, record in before.items():
        after = bare(credit.record(code))
        after.computed_time.CopyFrom(record.computed_time)
        assert after == record
    assert credit.rows("SELECT count(*) FROM credit.subject WHERE root_id IS NOT NULL") == [(0,)]
    # The past knows the merger for the time in which it was known, and not before its day.
    pool = open_pool(credit.dsn)
    read = ReadPast(PostgresPast(pool), RecordEncoder(), load_policies(POLICY_FOLDER), credit.clock)
    for as_of, expected in ((china_day(known_at), 2), (date(2026, 6, 13), 0)):
        question = Question(code=THIRD, as_of=as_of, known_at=known_at, purpose="proof")
        computed = PublicRecord.FromString(read.compute(question, published.revision).record)
        assert len(computed.merged_from) == expected
        assert (computed == published) is (expected == 2)
    pool.close()


async def test_a_record_past_its_day_is_read_with_the_facts_of_the_family(parts: Parts) -> None:
    credit, served, stub = parts
    await merge(stub, served, CODE, OTHER)
    credit.drain()
    credit.clock.moment += timedelta(days=40)
    reads: Any = CreditServiceStub(served.channel)
    answers = {
        code: await reads.GetCreditRecord(GetCreditRecordRequest(credit_code=code), metadata=served.token(Role.OFFICE))
        for code in (CODE, OTHER)
    }
    credit.sweeper.sweep_once()
    for code, answer in answers.items():
        assert bare(answer.record) == bare(credit.record(code))


async def test_a_burst_of_a_family_is_judged_under_its_root(parts: Parts) -> None:
    """Ten cases a month are a burst of neither; twenty are one of the enterprise that carries both."""
    credit, served, stub = parts
    ids = [f"complaint://12315.test:{code[-1]}{n}" for code in (OTHER, THIRD) for n in range(10)]
    credit.tell(
        *(
            told(complaint(f"{code[-1]}{n}", code, received_on="2026-06-07"), f"{code[-1]}{n}")
            for code in (OTHER, THIRD)
            for n in range(10)
        )
    )
    await merge(stub, served, THIRD, OTHER)
    credit.drain()
    record = credit.record(OTHER)
    assert record is not None
    assert record.cases_under_review == len(ids)
    assert_proven(credit)
    judge: Any = ReviewServiceStub(served.channel)
    token = served.token(Role.REGULATOR)
    listed = await judge.ListBursts(reviews.ListBurstsRequest(), metadata=token)
    assert [(burst.credit_code, burst.unjudged_case_count) for burst in listed.bursts] == [(OTHER, len(ids))]
    asked = reviews.ListBurstCasesRequest(credit_code=OTHER, month="2026-06")
    assert list((await judge.ListBurstCases(asked, metadata=token)).complaint_ids) == sorted(ids)
    review = reviews.ReviewBurstRequest(
        request_id="r",
        credit_code=OTHER,
        month="2026-06",
        judgement=CASE_JUDGEMENT_GENUINE,
        complaint_ids=ids,
        reason="核实",
    )
    await judge.ReviewBurst(review, metadata=token)
    judged = credit.record(OTHER)
    assert judged is not None
    assert judged.cases_under_review == 0
    assert judged.score_millipoints < record.score_millipoints
    assert_proven(credit)


async def test_links_in_a_ring_are_void_wherever_they_are_read(parts: Parts) -> None:
    """The registry refuses a ring; should a topic tell one, nobody in it is merged."""
    credit, served, _ = parts
    before = {code: bare(credit.record(code)) for code in NAMES}
    ring = {CODE: OTHER, OTHER: THIRD, THIRD: CODE}
    credit.tell(
        *(
            told(enterprise(code, name=NAMES[code], revision=2, merged_into=into, merged_on="2026-06-01"), f"r{code}")
            for code, into in ring.items()
        )
    )
    assert_proven(credit)
    reads: Any = CreditServiceStub(served.channel)
    pool = open_pool(credit.dsn)
    past = ReadPast(PostgresPast(pool), RecordEncoder(), load_policies(POLICY_FOLDER), credit.clock)
    for code, record in before.items():
        assert bare(credit.record(code)) == record
        await reads.GetWayBack(GetWayBackRequest(credit_code=code), metadata=served.token(Role.OFFICE))
        question = Question(code=code, as_of=china_day(NOW), known_at=credit.clock.moment, purpose="proof")
        assert bare(PublicRecord.FromString(past.compute(question, 2).record)) == record
    pool.close()


@pytest.mark.parametrize(
    ("code", "into", "on", "refused"),
    [
        (CODE, CODE, "2026-06-14", grpc.StatusCode.INVALID_ARGUMENT),
        (CODE, OTHER, "2026-06-16", grpc.StatusCode.INVALID_ARGUMENT),
        (CODE, OTHER, "soon", grpc.StatusCode.INVALID_ARGUMENT),
        (CODE, "91110000802100433B", "2026-06-14", grpc.StatusCode.NOT_FOUND),
        (OTHER, THIRD, "2026-06-14", grpc.StatusCode.FAILED_PRECONDITION),
        (CODE, OTHER, "2026-06-14", grpc.StatusCode.FAILED_PRECONDITION),
    ],
)
async def test_a_merger_that_cannot_be_is_refused(
    parts: Parts, code: str, into: str, on: str, refused: grpc.StatusCode
) -> None:
    _, served, stub = parts
    if refused is grpc.StatusCode.FAILED_PRECONDITION:
        await merge(stub, served, OTHER, CODE)
    request = pb.MergeEnterpriseRequest(request_id="r", credit_code=code, into_credit_code=into, merged_on=on)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.MergeEnterprise(request, metadata=served.token(Role.OFFICE))
    assert caught.value.code() is refused


async def test_a_correction_of_the_registration_keeps_the_merger(parts: Parts) -> None:
    credit, served, stub = parts
    await merge(stub, served, CODE, OTHER)
    corrected = pb.RegisterEnterpriseRequest(request_id="c", registration=enterprise(CODE, name="新名有限公司"))
    answer = await stub.RegisterEnterprise(corrected, metadata=served.token(Role.OFFICE))
    assert answer.enterprise.registration.merged_into == OTHER
    credit.drain()
    root = credit.record(OTHER)
    assert root is not None
    assert [one.name for one in root.merged_from] == ["新名有限公司"]
    assert_proven(credit)


def registrations(*, is_merged_last: bool) -> list[Message]:
    """Return all revisions of three registrations: merged, merged elsewhere, and taken back, or merged again."""
    plan = [("", ""), (OTHER, "2026-05-01"), (THIRD, "2026-05-20"), ("", "")]
    plan += [(THIRD, "2026-06-01")] if is_merged_last else []
    mine = [
        told(enterprise(CODE, name=NAMES[CODE], revision=n, merged_into=into, merged_on=on), f"r{n}")
        for n, (into, on) in enumerate(plan, start=1)
    ]
    return [*mine, *(told(enterprise(code, name=NAMES[code]), f"{code}:1") for code in (OTHER, THIRD))]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("is_merged_last", [False, True])
def test_mergers_and_events_in_any_order_end_as_if_told_in_order(
    postgres: str, seed: int, *, is_merged_last: bool
) -> None:
    """With the merger taken back at last it is as if it never was: the reference of that is never told of one."""
    never = [m for m in registrations(is_merged_last=False) if m.headers["ce_id"] not in {"r2", "r3", "r4"}]
    told_in_order = [*(registrations(is_merged_last=True) if is_merged_last else never), *facts()]
    with twin(postgres, NOW) as reference:
        reference.tell(*told_in_order)
        expected = {code: bare(reference.record(code)) for code in NAMES}
    shuffled = [*registrations(is_merged_last=is_merged_last), *facts()]
    dice = random.Random(seed)
    dice.shuffle(shuffled)
    with twin(postgres, NOW) as credit:
        while shuffled:
            size = dice.randint(1, 9)
            credit.tell(*shuffled[:size])
            del shuffled[:size]
        found = {code: bare(credit.record(code)) for code in NAMES}
        assert_proven(credit)
    for code, record in expected.items():
        assert found[code] == record, code
