"""ComplaintService: one method a step, each strict against the case as it stands; lists and statistics of cases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any, NamedTuple

import grpc
from merchantcredit.credit.v1 import complaint_service_pb2 as pb
from merchantcredit.credit.v1 import complaint_service_pb2_grpc as rpc
from merchantcredit.events.v1.case_change_pb2 import CaseChanged

from services.common.auth.actor import Actor, Role
from services.common.clock import Clock, china_day
from services.common.errors import Forbidden, invalid
from services.common.eventlog.topics import CASE_CHANGE
from services.common.eventlog.watch import watch
from services.common.grpc.interceptor import EVERYBODY, current_actor
from services.common.kernel import credit_code
from services.common.paging import make_token, page_size, read_token
from services.credit.adapters.case_reader import CaseReader, Filed
from services.credit.adapters.published_cases import PublishedCases
from services.credit.api import complaint_convert as convert
from services.credit.api.complaint_counts import OFFICES, CountComplaints
from services.credit.application.take_case_step import Known, TakeCaseStep
from services.credit.domain.cases.answers import Answer, Category
from services.credit.domain.cases.case import Step
from services.credit.domain.cases.states import CaseKind, State

MERCHANT = frozenset({Role.MERCHANT})
STEPS = (
    *("AcceptComplaint", "RefuseComplaint", "MediateComplaint", "AgreeComplaint", "TerminateComplaint"),
    *("NotifyComplaint", "WithdrawComplaint", "ReferComplaint", "MergeComplaint", "SuspendComplaint"),
    *("ResumeComplaint", "DecideLead", "ExtendLeadCheck"),
)
ACCESS = {
    **dict.fromkeys(STEPS, OFFICES),
    "AnswerComplaint": MERCHANT,
    "TransferComplaint": OFFICES,
    "WatchComplaints": OFFICES | MERCHANT | {Role.PLATFORM},
    "ListPublishedComplaints": EVERYBODY,
    "GetComplaint": OFFICES | MERCHANT,
    "ListComplaints": OFFICES | MERCHANT,
    "GetComplaintStatistics": EVERYBODY,
}
#: Cases looked at for one page: a filter that hardly any case passes ends a page early, with a token to go on.
SCANNED = 2000
Context = grpc.aio.ServicerContext[Any, Any]


class Readers(NamedTuple):
    """What the servicer reads from: cases, those that are published, and the database of the feed of changes."""

    cases: CaseReader
    published: PublishedCases
    dsn: str


class ComplaintServicer(rpc.ComplaintServiceServicer):
    """Serves complaint cases."""

    def __init__(self, take: TakeCaseStep, readers: Readers, clock: Clock) -> None:
        self._take = take
        self._reader = readers.cases
        self._published = readers.published
        self._dsn = readers.dsn
        self._clock = clock
        self._count = CountComplaints(readers.cases, clock)

    async def AcceptComplaint(self, request: pb.AcceptComplaintRequest, context: Context) -> pb.AcceptComplaintResponse:
        """Accept."""
        return pb.AcceptComplaintResponse(complaint=await self._step(request.step, State.ACCEPTED))

    async def RefuseComplaint(self, request: pb.RefuseComplaintRequest, context: Context) -> pb.RefuseComplaintResponse:
        """Refuse."""
        case = await self._step(request.step, State.REFUSED, reason=request.reason_code)
        return pb.RefuseComplaintResponse(complaint=case)

    async def MediateComplaint(
        self, request: pb.MediateComplaintRequest, context: Context
    ) -> pb.MediateComplaintResponse:
        """Begin to mediate."""
        return pb.MediateComplaintResponse(complaint=await self._step(request.step, State.MEDIATING))

    async def AgreeComplaint(self, request: pb.AgreeComplaintRequest, context: Context) -> pb.AgreeComplaintResponse:
        """Note an agreement."""
        form = "AT_ONCE" if request.is_performed_at_once else "PAPER"
        return pb.AgreeComplaintResponse(complaint=await self._step(request.step, State.AGREED, reason=form))

    async def TerminateComplaint(
        self, request: pb.TerminateComplaintRequest, context: Context
    ) -> pb.TerminateComplaintResponse:
        """Terminate the mediation."""
        case = await self._step(request.step, State.TERMINATED, reason=request.reason_code)
        return pb.TerminateComplaintResponse(complaint=case)

    async def NotifyComplaint(self, request: pb.NotifyComplaintRequest, context: Context) -> pb.NotifyComplaintResponse:
        """Note that both sides were told; of a lead, that the informer was."""
        case = await self._known(request.step.complaint_id)
        state = State.INFORMED if case.case.kind is CaseKind.LEAD else State.NOTIFIED
        return pb.NotifyComplaintResponse(complaint=await self._step(request.step, state))

    async def WithdrawComplaint(
        self, request: pb.WithdrawComplaintRequest, context: Context
    ) -> pb.WithdrawComplaintResponse:
        """Note a withdrawal."""
        return pb.WithdrawComplaintResponse(complaint=await self._step(request.step, State.WITHDRAWN))

    async def ReferComplaint(self, request: pb.ReferComplaintRequest, context: Context) -> pb.ReferComplaintResponse:
        """Refer to another office."""
        case = await self._step(request.step, State.REFERRED, target=request.office)
        return pb.ReferComplaintResponse(complaint=case)

    async def MergeComplaint(self, request: pb.MergeComplaintRequest, context: Context) -> pb.MergeComplaintResponse:
        """Merge a repeat into another case."""
        case = await self._step(request.step, State.MERGED, target=request.into_complaint_id)
        return pb.MergeComplaintResponse(complaint=case)

    async def SuspendComplaint(
        self, request: pb.SuspendComplaintRequest, context: Context
    ) -> pb.SuspendComplaintResponse:
        """Suspend."""
        case = await self._step(request.step, State.SUSPENDED, reason=request.reason_code)
        return pb.SuspendComplaintResponse(complaint=case)

    async def ResumeComplaint(self, request: pb.ResumeComplaintRequest, context: Context) -> pb.ResumeComplaintResponse:
        """Go on after a suspension."""
        case = await self._known(request.step.complaint_id)
        state = State.CHECKING if case.case.kind is CaseKind.LEAD else State.MEDIATING
        return pb.ResumeComplaintResponse(complaint=await self._step(request.step, state))

    async def DecideLead(self, request: pb.DecideLeadRequest, context: Context) -> pb.DecideLeadResponse:
        """File a lead, or not."""
        state = State.NOT_FILED if request.not_filed_reason_code else State.FILED
        case = await self._step(request.step, state, reason=request.not_filed_reason_code)
        return pb.DecideLeadResponse(complaint=case)

    async def ExtendLeadCheck(self, request: pb.ExtendLeadCheckRequest, context: Context) -> pb.ExtendLeadCheckResponse:
        """Note an approved extension."""
        step = request.step
        known = await asyncio.to_thread(self._take.extend, current_actor(), step.request_id, step.complaint_id, step.on)
        return pb.ExtendLeadCheckResponse(complaint=self._case(known))

    async def AnswerComplaint(self, request: pb.AnswerComplaintRequest, context: Context) -> pb.AnswerComplaintResponse:
        """Take the merchant's answer."""
        if not 1 <= request.category <= max(Category):
            raise invalid("category", "give one of the categories")
        day = china_day(self._clock.now())
        answer = Answer(Category(request.category), day, request.public_statement, request.right_credit_code)
        step = request.step
        known = await asyncio.to_thread(
            self._take.answer, current_actor(), step.request_id, step.complaint_id, step.on, answer
        )
        return pb.AnswerComplaintResponse(complaint=self._case(known))

    async def GetComplaint(self, request: pb.GetComplaintRequest, context: Context) -> pb.GetComplaintResponse:
        """Read a case."""
        known = await self._known(request.complaint_id)
        _only_its_own(current_actor(), known.body.code)
        return pb.GetComplaintResponse(complaint=self._case(known))

    async def ListComplaints(self, request: pb.ListComplaintsRequest, context: Context) -> pb.ListComplaintsResponse:
        """Page through cases."""
        code = _scope(current_actor(), request.credit_code)
        query = (
            f"{code}|{request.handling_office}|{request.status}|{request.only_overdue}|{request.only_with_work_items}"
        )
        after = read_token(query.encode(), request.page_token)
        limit = page_size(request.page_size, default=50, most=500)
        scanned = await asyncio.to_thread(self._reader.after, after, code=code, limit=SCANNED)
        day = china_day(self._clock.now())
        lines = [(one, convert.summary(one, day)) for one in scanned]
        fitting = [(one, line) for one, line in lines if _fits(request, line)]
        page = fitting[:limit]
        return pb.ListComplaintsResponse(
            complaints=[line for _, line in page],
            next_page_token=make_token(query.encode(), _resume_at(scanned, fitting, limit)),
        )

    async def TransferComplaint(
        self, request: pb.TransferComplaintRequest, context: Context
    ) -> pb.TransferComplaintResponse:
        """Move a case to another merchant."""
        step = request.step
        known = await asyncio.to_thread(
            self._take.transfer, current_actor(), step.request_id, step.complaint_id, request.right_credit_code
        )
        return pb.TransferComplaintResponse(complaint=self._case(known))

    async def WatchComplaints(
        self, request: pb.WatchComplaintsRequest, context: Context
    ) -> AsyncIterator[pb.WatchComplaintsResponse]:
        """Stream cases as they change, each to those whom it concerns."""
        actor, cursor = current_actor(), request.cursor
        async for watched in watch(self._dsn, CASE_CHANGE, request.cursor):
            for record in watched.records:
                ids = list(CaseChanged.FromString(record.value).complaint_ids)
                cases = await asyncio.to_thread(self._reader.many, ids)
                if seen := [self._case(one) for one in cases if _concerns(actor, one)]:
                    yield pb.WatchComplaintsResponse(complaints=seen, cursor=cursor)
            cursor = watched.cursor
            yield pb.WatchComplaintsResponse(cursor=cursor, is_checkpoint=True)

    async def ListPublishedComplaints(
        self, request: pb.ListPublishedComplaintsRequest, context: Context
    ) -> pb.ListPublishedComplaintsResponse:
        """Page through what is published of cases."""
        code = credit_code.parse(request.credit_code)
        limit = page_size(request.page_size, default=20, most=100)
        query = f"published:{code}".encode()
        day, _, fact_id = read_token(query, request.page_token).partition(" ")
        before = (date.fromisoformat(day), fact_id) if day else None
        page = await asyncio.to_thread(self._published.page, code, before, limit + 1)
        last = page[limit - 1].filed if len(page) > limit else None
        cursor = f"{last.case.received_on} {last.complaint_id}" if last else ""
        return pb.ListPublishedComplaintsResponse(
            complaints=[convert.published(one) for one in page[:limit]], next_page_token=make_token(query, cursor)
        )

    async def GetComplaintStatistics(
        self, request: pb.GetComplaintStatisticsRequest, context: Context
    ) -> pb.GetComplaintStatisticsResponse:
        """Count cases."""
        return await asyncio.to_thread(self._count.answer, current_actor(), request)

    async def _step(
        self, step: pb.ComplaintStep, state: State, *, reason: str = "", target: str = ""
    ) -> pb.ComplaintCase:
        wanted = Step(state, china_day(self._clock.now()), reason=reason, target=target)
        known = await asyncio.to_thread(
            self._take.step, current_actor(), step.request_id, step.complaint_id, step.on, wanted
        )
        return self._case(known)

    async def _known(self, complaint_id: str) -> Filed:
        return await asyncio.to_thread(self._reader.get, complaint_id)

    def _case(self, known: Known) -> pb.ComplaintCase:
        return convert.complaint(known, china_day(self._clock.now()))


def _only_its_own(actor: Actor, code: str) -> None:
    if not actor.has(*OFFICES) and actor.subject != code:
        raise Forbidden("a merchant reads its own cases only", metadata={"credit_code": code})


def _concerns(actor: Actor, one: Filed) -> bool:
    """Tell whether a case is an actor's to see: an office's any, a merchant's its own, a platform's of sales on it."""
    if actor.has(*OFFICES):
        return True
    is_own = actor.has(Role.MERCHANT) and actor.subject == one.body.code
    return is_own or (
        actor.has(Role.PLATFORM) and bool(one.body.platform_code) and actor.subject == one.body.platform_code
    )


def _scope(actor: Actor, asked: str) -> str:
    """Return the merchant whose cases are read: all (empty) for an office that names none, for a merchant its own."""
    if not asked and actor.has(*OFFICES):
        return ""
    code = credit_code.parse(asked or actor.subject)
    _only_its_own(actor, code)
    return code


def _fits(request: pb.ListComplaintsRequest, line: pb.ComplaintSummary) -> bool:
    return (
        (not request.handling_office or line.handling_office == request.handling_office)
        and (not request.status or line.status == request.status)
        and (not request.only_overdue or line.is_overdue)
        and (not request.only_with_work_items or line.has_work_items)
    )


def _resume_at(scanned: list[Filed], fitting: list[tuple[Filed, Any]], limit: int) -> str:
    """Return after which case the next page begins; empty when there is nothing after this one."""
    if len(fitting) > limit:
        return fitting[limit - 1][0].complaint_id
    return scanned[-1].complaint_id if len(scanned) == SCANNED else ""
