"""Bursts and marks over real parts: held, listed, judged by persons, and the score is what it would have been."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from merchantcredit.credit.v1 import review_service_pb2 as pb
from merchantcredit.credit.v1.review_service_pb2_grpc import ReviewServiceStub
from merchantcredit.events.v1 import complaint_pb2 as events

from services.common.auth.actor import Role
from services.common.clock import FixedClock
from services.common.eventlog.port import Message
from services.credit.bootstrap import serving_reviews
from services.credit.config import CreditConfig
from services.credit.offline import VerifyScores, rebuild
from tests.integration.credit.world import CODE, KEY, NOW, OTHER, World, complaint, enterprise, told, world
from tests.integration.grpc_fixtures import Served, serve

OWN = [told(complaint(f"own{n}", received_on=f"2026-0{n}-03"), f"own{n}") for n in (3, 4, 5)]
BURST = [
    told(complaint(f"b{n:02d}", received_on="2026-06-07", complainant_pseudonym=f"u{n}"), f"b{n}") for n in range(15)
]
IDS = [f"complaint://12315.test:b{n:02d}" for n in range(15)]


@pytest.fixture
async def served(dsn: str, tmp_path: Path) -> AsyncIterator[Served]:
    config = CreditConfig(dsn=dsn, complainant_key=KEY)
    async with serve(tmp_path, lambda: [serving_reviews(config, FixedClock(NOW))]) as running:
        yield running


class Reviewer:
    """A caller with one role."""

    def __init__(self, served: Served, role: Role = Role.REGULATOR) -> None:
        self._stub: Any = ReviewServiceStub(served.channel)
        self._token = served.token(role, "reviewer")

    async def call(self, method: str, **fields: Any) -> Any:
        return await getattr(self._stub, method)(getattr(pb, f"{method}Request")(**fields), metadata=self._token)

    async def review(self, judgement: int, ids: list[str], request_id: str = "r1", month: str = "2026-06") -> Any:
        return await self.call(
            "ReviewBurst", request_id=request_id, credit_code=CODE, month=month, judgement=judgement,
            complaint_ids=ids, reason="同一网络号召",
        )  # fmt: skip

    async def refused(self, method: str, **fields: Any) -> grpc.StatusCode:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await self.call(method, **fields)
        return refusal.value.code()


def clean(dsn: str) -> None:
    assert list(VerifyScores(dsn).differences()) == []


async def test_a_burst_is_held_listed_and_judged(dsn: str, served: Served) -> None:
    with world(dsn) as credit:
        credit.tell(told(enterprise(), "e1"), *OWN)
        before = credit.record()
        credit.tell(*BURST)
        held = credit.record()
        assert before is not None
        assert held is not None
        assert (held.score_millipoints, held.cases_under_review) == (before.score_millipoints, 15)
        assert sum(fact.is_under_review for fact in held.facts) == 15
        clean(dsn)
        office, regulator = Reviewer(served, Role.OFFICE), Reviewer(served)
        (burst,) = (await office.call("ListBursts")).bursts
        assert (burst.credit_code, burst.month, burst.unjudged_case_count, burst.threshold) == (CODE, "2026-06", 15, 10)
        page = await office.call("ListBurstCases", credit_code=CODE, month="2026-06", page_size=10)
        rest = await office.call(
            "ListBurstCases", credit_code=CODE, month="2026-06", page_size=10, page_token=page.next_page_token
        )
        assert [*page.complaint_ids, *rest.complaint_ids] == IDS
        review = (await regulator.review(events.CASE_JUDGEMENT_ABUSIVE, IDS)).review
        assert list(review.complaint_ids) == IDS
        assert (await regulator.review(events.CASE_JUDGEMENT_ABUSIVE, IDS)).review.review_id == review.review_id
        cleared = credit.record()
        assert cleared is not None
        assert (cleared.score_millipoints, cleared.cases_under_review) == (before.score_millipoints, 0)
        assert [line.amount_millipoints for line in cleared.contributions] == [
            line.amount_millipoints for line in before.contributions
        ]
        assert (await office.call("ListBursts")).bursts == []
        assert [r.review_id for r in (await office.call("ListReviews", credit_code=CODE)).reviews] == [review.review_id]
        clean(dsn)


async def test_cases_found_genuine_weigh_as_if_they_had_come_month_by_month(dsn: str, served: Served) -> None:
    with world(dsn) as credit:
        credit.tell(told(enterprise(), "e1"), *BURST)
        held = credit.record()
        await Reviewer(served).review(events.CASE_JUDGEMENT_GENUINE, IDS)
        found = credit.record()
        assert held is not None
        assert found is not None
        assert found.score_millipoints == held.score_millipoints - 320_000
        assert not any(fact.is_under_review for fact in found.facts)
        late = told(complaint("late", received_on="2026-06-09"), "late")
        credit.tell(late)
        after = credit.record()
        assert after is not None
        assert (after.cases_under_review, after.score_millipoints) == (1, found.score_millipoints)
        clean(dsn)


async def test_what_a_review_must_not_do(dsn: str, served: Served) -> None:
    with world(dsn) as credit:
        credit.tell(told(enterprise(), "e1"), told(enterprise(OTHER), "e2"), *OWN, *BURST)
        credit.tell(told(complaint("foreign", code=OTHER, received_on="2026-06-07"), "foreign"))
        regulator = Reviewer(served)
        fields = {"request_id": "x", "credit_code": CODE, "month": "2026-06", "judgement": 2, "reason": "核查"}
        for wrong in (
            {"complaint_ids": ["complaint://12315.test:foreign"]},
            {"complaint_ids": ["complaint://12315.test:own5"]},
            {"complaint_ids": []},
            {"complaint_ids": IDS, "judgement": 0},
            {"complaint_ids": IDS, "reason": ""},
            {"complaint_ids": IDS, "reason": "张三 13812345678"},
        ):
            assert await regulator.refused("ReviewBurst", **{**fields, **wrong}) is grpc.StatusCode.INVALID_ARGUMENT
        calm = {**fields, "month": "2026-05", "complaint_ids": ["complaint://12315.test:own5"]}
        assert await regulator.refused("ReviewBurst", **calm) is grpc.StatusCode.FAILED_PRECONDITION
        await regulator.review(2, IDS)
        again = {**fields, "request_id": "r1", "complaint_ids": IDS[:3]}
        assert await regulator.refused("ReviewBurst", **again) is grpc.StatusCode.ALREADY_EXISTS
        clean(dsn)


def test_a_source_that_is_not_credit_judges_nothing(dsn: str) -> None:
    with world(dsn) as credit:
        credit.tell(told(enterprise(), "e1"), told(complaint("c1", judgement=2, review_id="x"), "c1"))
        assert [letter.headers["dlq_reason"] for letter in credit.dead_letters()] == ["INVALID_FIELD"]


def cases_of_one(code: str, count: int, prefix: str) -> list[Message]:
    return [
        told(complaint(f"{prefix}{n}", code=code, complainant_pseudonym="one"), f"{prefix}{n}") for n in range(count)
    ]


async def test_a_mark_reaches_every_merchant_and_what_comes_later(dsn: str, served: Served) -> None:
    with world(dsn) as credit:
        credit.tell(told(enterprise(), "e1"), told(enterprise(OTHER), "e2"))
        clean_scores = [record.score_millipoints for code in (CODE, OTHER) if (record := credit.record(code))]
        credit.tell(*cases_of_one(CODE, 3, "a"), *cases_of_one(OTHER, 2, "b"))
        scores = [record.score_millipoints for code in (CODE, OTHER) if (record := credit.record(code))]
        assert all(now < then for now, then in zip(scores, clean_scores, strict=True))
        regulator = Reviewer(served)
        mark = {"request_id": "m1", "complaint_id": "complaint://12315.test:a0", "mark": 2, "reason": "骗取赔偿"}
        reached = await regulator.call("MarkComplainant", **mark)
        assert (reached.case_count, reached.merchant_count) == (5, 2)
        assert (await regulator.call("MarkComplainant", **mark)).case_count == 5
        credit.drain()
        assert [r.score_millipoints for code in (CODE, OTHER) if (r := credit.record(code))] == clean_scores
        credit.tell(*cases_of_one(CODE, 4, "later"))
        assert [r.score_millipoints for code in (CODE, OTHER) if (r := credit.record(code))] == clean_scores
        clean(dsn)
        await regulator.call("MarkComplainant", **{**mark, "request_id": "m2", "mark": 3, "reason": "查无实据"})
        credit.drain()
        lifted = credit.record(OTHER)
        assert lifted is not None
        assert lifted.score_millipoints == scores[1]
        clean(dsn)


async def test_a_case_without_a_complainant_marks_nobody(dsn: str, served: Served) -> None:
    with world(dsn) as credit:
        credit.tell(told(enterprise(), "e1"), *OWN)
        mark = {"request_id": "m", "complaint_id": "complaint://12315.test:own3", "mark": 1, "reason": "反复"}
        regulator = Reviewer(served)
        assert await regulator.refused("MarkComplainant", **mark) is grpc.StatusCode.FAILED_PRECONDITION
        gone = {**mark, "complaint_id": "complaint://12315.test:none"}
        assert await regulator.refused("MarkComplainant", **gone) is grpc.StatusCode.NOT_FOUND


def test_many_cases_of_one_complainant_cost_a_bounded_look_and_add_up(dsn: str) -> None:
    """Ninety cases in many batches, some withdrawn and back: the cells are those of a fold from nothing."""
    with world(dsn) as credit:
        credit.tell(told(enterprise(), "e1"))
        for start in range(0, 90, 15):
            credit.tell(*(
                told(complaint(f"m{n}", received_on=f"2026-0{n % 6 + 1}-02", complainant_pseudonym="one"), f"m{n}")
                for n in range(start, start + 15)
            ))  # fmt: skip
        clean(dsn)
        later = NOW + timedelta(minutes=1)
        credit.tell(
            *(
                told(complaint(f"m{n}", status=6, received_on=f"2026-0{n % 6 + 1}-02"), f"w{n}", at=later)
                for n in range(60)
            )
        )
        clean(dsn)
        rebuild(dsn)
        different = "SELECT count(*) FROM credit.rebuilt_cells r JOIN credit.subject s ON s.id = r.subject_id WHERE s.cells <> r.cells"
        assert credit.rows(different) == [(0,)]


def test_a_case_that_ended_for_fraud_reaches_each_merchant_and_back(dsn: str) -> None:
    with world(dsn) as credit:
        credit.tell(told(enterprise(), "e1"), told(enterprise(OTHER), "e2"))
        untouched = scores(credit)
        credit.tell(*cases_of_one(CODE, 2, "a"), *cases_of_one(OTHER, 2, "b"))
        complained = scores(credit)
        ended = {"received_on": "2026-06-01", "status": 5, "status_on": "2026-06-01", "complainant_pseudonym": "one"}
        later = NOW + timedelta(minutes=1)
        credit.tell(told(complaint("a0", **ended, reason_code="FRAUD"), "fraud", at=later))
        credit.sweeper.sweep_once()
        credit.drain()
        assert scores(credit) == untouched
        credit.tell(*cases_of_one(OTHER, 1, "next"))
        assert scores(credit) == untouched
        clean(dsn)
        # The office takes the finding back: a0 ended otherwise, and the mark that it made is lifted.
        credit.clock.moment += timedelta(minutes=5)
        credit.tell(
            told(complaint("a0", **ended, reason_code="NO_AGREEMENT"), "mended", at=later + timedelta(minutes=1))
        )
        credit.sweeper.sweep_once()
        credit.drain()
        assert scores(credit)[0] == complained[0]
        assert scores(credit)[1] < untouched[1]
        clean(dsn)


def scores(credit: World) -> list[int]:
    return [record.score_millipoints for code in (CODE, OTHER) if (record := credit.record(code))]
