"""CreditService: each method reads its request, calls one use case or one reader, and writes the answer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any, NamedTuple

import grpc
from merchantcredit.credit.v1 import credit_service_pb2 as pb
from merchantcredit.credit.v1 import credit_service_pb2_grpc as rpc
from merchantcredit.credit.v1.record_pb2 import PublicRecord
from merchantcredit.events.v1.grade_change_pb2 import GradeChanged

from services.common.auth.actor import Actor, Role
from services.common.errors import Forbidden, NotFound
from services.common.eventlog.topics import COMPLAINT, GRADE_CHANGE, VIOLATION
from services.common.eventlog.watch import watch
from services.common.grpc.interceptor import EVERYBODY, current_actor
from services.common.kernel import credit_code
from services.common.paging import make_token, page_size, read_token
from services.credit.adapters.evidence import EvidenceReader, EvidenceRow
from services.credit.adapters.published_penalties import PublishedPenalties
from services.credit.adapters.record_reader import RecordReader
from services.credit.adapters.restricted_reader import RestrictedReader
from services.credit.adapters.submissions import PostgresSubmissions
from services.credit.api import past_convert
from services.credit.application.policies import Policies
from services.credit.application.read_past import ReadPast
from services.credit.application.read_way_back import ReadWayBack
from services.credit.application.submit import Submit, source_of
from services.credit.domain.explain import explain, numbers_beside

OFFICES = frozenset({Role.REGULATOR, Role.OFFICE})
KNOWN = EVERYBODY - {Role.PUBLIC}
ACCESS = {
    "SubmitComplaint": OFFICES | {Role.PLATFORM},
    "SubmitViolation": OFFICES,
    "GetIntakeReceipt": KNOWN,
    "GetCreditRecord": EVERYBODY,
    "GetRestrictedRecord": OFFICES | {Role.MERCHANT},
    "ExplainScore": EVERYBODY,
    "ListEvidence": OFFICES | {Role.MERCHANT},
    "ListPublishedPenalties": KNOWN,
    "GetPastRecord": OFFICES,
    "GetWayBack": OFFICES | {Role.MERCHANT},
    "WatchGradeChanges": KNOWN,
}
MOST_PENALTIES = 500
Context = grpc.aio.ServicerContext[Any, Any]


class Readers(NamedTuple):
    """What reads the records and what lies behind them."""

    records: RecordReader
    restricted: RestrictedReader
    evidence: EvidenceReader
    penalties: PublishedPenalties
    past: ReadPast
    way_back: ReadWayBack
    policies: Policies


class CreditServicer(rpc.CreditServiceServicer):
    """Serves credit."""

    def __init__(self, readers: Readers, submit: Submit, submissions: PostgresSubmissions, dsn: str) -> None:
        self._records, self._restricted, self._evidence, self._penalties, self._past, self._way_back, self._policies = (
            readers
        )
        self._submit = submit
        self._submissions = submissions
        self._dsn = dsn

    async def SubmitComplaint(self, request: pb.SubmitComplaintRequest, context: Context) -> pb.SubmitComplaintResponse:
        """Hand in a complaint report."""
        value = request.complaint.SerializeToString(deterministic=True)
        told = await asyncio.to_thread(self._submit.execute, current_actor(), request.request_id, COMPLAINT, value)
        return pb.SubmitComplaintResponse(source=told.source, event_id=told.event_id)

    async def SubmitViolation(self, request: pb.SubmitViolationRequest, context: Context) -> pb.SubmitViolationResponse:
        """Hand in a violation report."""
        value = request.violation.SerializeToString(deterministic=True)
        told = await asyncio.to_thread(self._submit.execute, current_actor(), request.request_id, VIOLATION, value)
        return pb.SubmitViolationResponse(source=told.source, event_id=told.event_id)

    async def GetIntakeReceipt(
        self, request: pb.GetIntakeReceiptRequest, context: Context
    ) -> pb.GetIntakeReceiptResponse:
        """Tell what became of an event of the caller's source."""
        actor = current_actor()
        own = source_of(actor)
        source = request.source or own
        if source != own and not actor.has(Role.REGULATOR):
            raise Forbidden("a receipt is open to its own source and to regulators", metadata={"source": source[:256]})
        receipt = await asyncio.to_thread(self._submissions.receipt, source, request.event_id)
        response = pb.GetIntakeReceiptResponse(
            verdict=pb.Verdict.ValueType(receipt.verdict), fact_id=receipt.fact_id, reason=receipt.reason
        )
        if receipt.recorded_at is not None:
            response.recorded_time.FromDatetime(receipt.recorded_at)
        return response

    async def GetCreditRecord(  # type: ignore[override] # raw_record frames the stored bytes into the response
        self, request: pb.GetCreditRecordRequest, context: Context
    ) -> bytes:
        """Read the public record, as it is stored."""
        code = credit_code.parse(request.credit_code)
        record = await self._records.read(code)
        if record is None:
            raise _not_found(code)
        return record

    async def GetRestrictedRecord(
        self, request: pb.GetRestrictedRecordRequest, context: Context
    ) -> pb.GetRestrictedRecordResponse:
        """Read the restricted record."""
        code = credit_code.parse(request.credit_code)
        _only_itself(current_actor(), code)
        data = await asyncio.to_thread(self._restricted.read, code)
        if data is None:
            raise _not_found(code)
        return pb.GetRestrictedRecordResponse(record=data)

    async def ExplainScore(self, request: pb.ExplainScoreRequest, context: Context) -> pb.ExplainScoreResponse:
        """Explain a score line by line."""
        code = credit_code.parse(request.credit_code)
        data = await self._records.read(code)
        if data is None:
            raise _not_found(code)
        record = PublicRecord.FromString(data)
        policy = self._policies.version(record.policy_version)
        beside = numbers_beside(policy, {line.rule_id: line.amount_millipoints for line in record.contributions})
        for line in record.contributions:
            line.explanation_zh, line.explanation_en = explain(
                line.rule_id, line.amount_millipoints, line.fact_count, {**beside, **line.inputs}
            )
        return pb.ExplainScoreResponse(
            score_millipoints=record.score_millipoints if record.HasField("score_millipoints") else None,
            grade=record.grade,
            contributions=record.contributions,
            policy_version=record.policy_version,
            day=record.day,
            complaint_bound_millipoints=policy.bound,
            complainant_bound_cases_milli=policy.bound_cases_milli,
            cases_under_review=record.cases_under_review,
            completeness_permille=record.completeness_permille,
        )

    async def ListEvidence(self, request: pb.ListEvidenceRequest, context: Context) -> pb.ListEvidenceResponse:
        """Page through the facts behind a rule."""
        code = credit_code.parse(request.credit_code)
        _only_itself(current_actor(), code)
        limit = page_size(request.page_size, default=50, most=500)
        query = f"evidence:{code}:{request.rule_id}".encode()
        before = _before(read_token(query, request.page_token))
        rows = await asyncio.to_thread(self._evidence.page, code, request.rule_id, before, limit + 1)
        last = f"{rows[limit - 1].occurred_on} {rows[limit - 1].fact_id}" if len(rows) > limit else ""
        return pb.ListEvidenceResponse(
            evidence=[_evidence(row) for row in rows[:limit]], next_page_token=make_token(query, last)
        )

    async def ListPublishedPenalties(
        self, request: pb.ListPublishedPenaltiesRequest, context: Context
    ) -> pb.ListPublishedPenaltiesResponse:
        """Page through all penalties that are published today."""
        limit = page_size(request.page_size, default=MOST_PENALTIES, most=MOST_PENALTIES)
        query = b"published-penalties"
        page, cursor = await asyncio.to_thread(self._penalties.page, read_token(query, request.page_token), limit)
        return pb.ListPublishedPenaltiesResponse(penalties=page, next_page_token=make_token(query, cursor))

    async def GetPastRecord(self, request: pb.GetPastRecordRequest, context: Context) -> pb.GetPastRecordResponse:
        """Read the record of the past; who asked, and why, is kept."""
        question = past_convert.question(request)
        return past_convert.past(await asyncio.to_thread(self._past.execute, current_actor(), question))

    async def GetWayBack(self, request: pb.GetWayBackRequest, context: Context) -> pb.GetWayBackResponse:
        """Tell the way back to a better grade."""
        code = credit_code.parse(request.credit_code)
        told = await asyncio.to_thread(self._way_back.execute, current_actor(), code, request.goal_grade)
        return past_convert.way_back(told)

    async def WatchGradeChanges(
        self, request: pb.WatchGradeChangesRequest, context: Context
    ) -> AsyncIterator[pb.WatchGradeChangesResponse]:
        """Stream grade changes from a cursor."""
        async for watched in watch(self._dsn, GRADE_CHANGE, request.cursor):
            yield pb.WatchGradeChangesResponse(
                changes=[GradeChanged.FromString(record.value) for record in watched.records],
                cursor=watched.cursor,
                is_checkpoint=not watched.records,
            )


def _only_itself(actor: Actor, code: str) -> None:
    """A merchant's token names its own code as its subject."""
    if not actor.has(*OFFICES) and actor.subject != code:
        raise Forbidden("a merchant reads this of itself only", metadata={"credit_code": code})


def _not_found(code: str) -> NotFound:
    return NotFound(
        f"no enterprise is registered under {code}", metadata={"resource_type": "CreditRecord", "resource_name": code}
    )


def _before(cursor: str) -> tuple[date, str] | None:
    day, _, fact_id = cursor.partition(" ")
    return (date.fromisoformat(day), fact_id) if cursor else None


def _evidence(row: EvidenceRow) -> pb.Evidence:
    return pb.Evidence(
        fact_id=row.fact_id,
        kind=row.kind.name.lower(),
        occurred_on=row.occurred_on.isoformat(),
        source=row.source,
        sources=row.sources,
        assertion_count=row.assertion_count,
        value_json=row.value_json,
    )
