"""ReviewService: bursts under review, judgements of their cases, marks of complainants."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import grpc
from merchantcredit.credit.v1 import review_service_pb2 as pb
from merchantcredit.credit.v1 import review_service_pb2_grpc as rpc

from services.common.auth.actor import Actor, Role
from services.common.clock import Clock
from services.common.db.pool import Pool
from services.common.errors import invalid
from services.common.grpc.interceptor import current_actor
from services.common.kernel import credit_code
from services.common.kernel.day import first_of_month, parse_month
from services.common.paging import make_token, page_size, read_token
from services.credit.adapters.judging_store import PostgresJudging
from services.credit.application.mark_complainant import MarkComplainant, Marking, Reached
from services.credit.application.policies import Policies
from services.credit.application.review_burst import Review, ReviewBurst
from services.credit.application.submit import MAX_REQUEST_ID, source_of
from services.credit.domain.burst import Burst
from services.credit.domain.judging import Judgement, Mark

OFFICES = frozenset({Role.REGULATOR, Role.OFFICE})
REGULATOR = frozenset({Role.REGULATOR})
ACCESS = {
    "ListBursts": OFFICES,
    "ListBurstCases": OFFICES,
    "ReviewBurst": REGULATOR,
    "ListReviews": OFFICES,
    "MarkComplainant": REGULATOR,
}
Context = grpc.aio.ServicerContext[Any, Any]
T = TypeVar("T")
#: After every review.
_END = (datetime.max.replace(tzinfo=UTC), "")


class ReviewServicer(rpc.ReviewServiceServicer):
    """Serves reviews."""

    def __init__(self, pool: Pool, policies: Policies, clock: Clock) -> None:
        self._pool = pool
        self._policies = policies
        self._clock = clock

    async def ListBursts(self, request: pb.ListBurstsRequest, context: Context) -> pb.ListBurstsResponse:
        """List bursts under review."""
        after = read_token(b"bursts", request.page_token)
        limit = page_size(request.page_size, default=50, most=200)
        codes, found = await self._do(lambda store: _bursts(store, after, limit))
        return pb.ListBurstsResponse(
            bursts=[_burst(code, burst) for code in codes[:limit] for burst in found.get(code, ())],
            next_page_token=make_token(b"bursts", codes[limit - 1] if len(codes) > limit else ""),
        )

    async def ListBurstCases(self, request: pb.ListBurstCasesRequest, context: Context) -> pb.ListBurstCasesResponse:
        """List the cases of a burst that nobody has judged."""
        code, month = credit_code.parse(request.credit_code), parse_month(request.month, "month")
        query = f"burst-cases:{code}:{month}".encode()
        after = read_token(query, request.page_token)
        limit = page_size(request.page_size, default=100, most=1000)
        ids = await self._do(lambda store: store.unjudged(code, month, after, limit + 1))
        return pb.ListBurstCasesResponse(
            complaint_ids=ids[:limit], next_page_token=make_token(query, ids[limit - 1] if len(ids) > limit else "")
        )

    async def ReviewBurst(self, request: pb.ReviewBurstRequest, context: Context) -> pb.ReviewBurstResponse:
        """Judge cases of a burst."""
        actor = current_actor()
        code, month = credit_code.parse(request.credit_code), parse_month(request.month, "month")
        review_id = _id(actor, request.request_id)

        def make(at: datetime) -> Review:
            return Review(
                review_id=review_id, code=code, month=month, judgement=Judgement(request.judgement),
                reason=request.reason, fact_ids=tuple(request.complaint_ids), reviewed_by=actor.subject,
                office=actor.office, reviewed_at=at,
            )  # fmt: skip

        review = await self._do(lambda store: ReviewBurst(store, self._clock).execute(actor, make))
        return pb.ReviewBurstResponse(review=_review(review))

    async def ListReviews(self, request: pb.ListReviewsRequest, context: Context) -> pb.ListReviewsResponse:
        """List reviews of a merchant."""
        code = credit_code.parse(request.credit_code)
        query = f"reviews:{code}".encode()
        moment, _, review_id = read_token(query, request.page_token).partition(" ")
        before = (datetime.fromisoformat(moment), review_id) if moment else _END
        limit = page_size(request.page_size, default=50, most=200)
        found = await self._do(lambda store: store.reviews(code, before, limit + 1))
        last = found[limit - 1] if len(found) > limit else None
        return pb.ListReviewsResponse(
            reviews=[_review(review) for review in found[:limit]],
            next_page_token=make_token(query, f"{last.reviewed_at.isoformat()} {last.review_id}" if last else ""),
        )

    async def MarkComplainant(self, request: pb.MarkComplainantRequest, context: Context) -> pb.MarkComplainantResponse:
        """Mark the complainant of a case."""
        actor = current_actor()
        review_id = _id(actor, request.request_id)

        def make(at: datetime) -> Marking:
            return Marking(
                review_id=review_id, fact_id=request.complaint_id, mark=Mark(request.mark), reason=request.reason,
                marked_by=actor.subject, office=actor.office, marked_at=at,
            )  # fmt: skip

        reached: Reached = await self._do(lambda store: MarkComplainant(store, self._clock).execute(actor, make))
        return pb.MarkComplainantResponse(
            review_id=review_id, case_count=reached.cases, merchant_count=reached.merchants
        )

    async def _do(self, call: Callable[[PostgresJudging], T]) -> T:
        """Run a call in one transaction, on a thread."""

        def run() -> T:
            with self._pool.connection() as conn:
                return call(PostgresJudging(conn, self._policies, self._clock))

        return await asyncio.to_thread(run)


def _bursts(store: PostgresJudging, after: str, limit: int) -> tuple[list[str], dict[str, tuple[Burst, ...]]]:
    codes = store.merchants_under_review(after, limit + 1)
    return codes, store.bursts(codes[:limit]) if codes else {}


def _id(actor: Actor, request_id: str) -> str:
    """Return the id of a review or a mark: that of its request, whoever else uses the same one."""
    if not 1 <= len(request_id) <= MAX_REQUEST_ID:
        raise invalid("request_id", f"give 1 to {MAX_REQUEST_ID} characters, for example a UUID")
    return hashlib.sha256(f"{source_of(actor)}\n{request_id}".encode()).hexdigest()[:32]


def _burst(code: str, burst: Burst) -> pb.Burst:
    return pb.Burst(
        credit_code=code,
        month=f"{first_of_month(burst.month):%Y-%m}",
        unjudged_case_count=burst.unjudged,
        case_count=burst.cases,
        threshold=burst.threshold,
    )


def _review(review: Review) -> pb.Review:
    made = pb.Review(
        review_id=review.review_id,
        credit_code=review.code,
        month=f"{review.month:%Y-%m}",
        judgement=review.judgement,  # type: ignore[arg-type]
        complaint_ids=review.fact_ids,
        reason=review.reason,
        reviewed_by=review.reviewed_by,
    )
    made.reviewed_time.FromDatetime(review.reviewed_at)
    return made
