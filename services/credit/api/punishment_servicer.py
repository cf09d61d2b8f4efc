"""PunishmentService: each method reads its request, calls one use case or one reader, and writes the answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from typing import Any

import grpc
from google.protobuf.message import Message
from merchantcredit.credit.v1 import punishment_service_pb2 as pb
from merchantcredit.credit.v1 import punishment_service_pb2_grpc as rpc
from merchantcredit.credit.v1.punishment_pb2 import DirectiveStanding

from services.common.auth.actor import Actor, Role
from services.common.clock import china_day
from services.common.errors import Forbidden, invalid
from services.common.grpc.interceptor import EVERYBODY, current_actor
from services.common.kernel import credit_code
from services.common.kernel.day import parse_optional_day
from services.common.paging import make_token, page_size, read_token
from services.common.wire import known, moment
from services.credit.adapters.family_reader import goes_on_as
from services.credit.adapters.punishment.check_reader import CheckReader
from services.credit.adapters.punishment.lookups import read_lookups
from services.credit.adapters.punishment.measures import measures_at
from services.credit.adapters.punishment.reader import ListingQuery, OrderQuery, PunishmentReader
from services.credit.adapters.punishment.verify import verify
from services.credit.adapters.punishment.watch import DirectiveStreams
from services.credit.api import punishment_convert as convert
from services.credit.api.punishment_desk import Changed, Desk
from services.credit.api.punishment_report import report
from services.credit.application.punishment.decide import decide_listing
from services.credit.application.punishment.end import end_listing, uphold_objection
from services.credit.application.punishment.propose import propose_listing
from services.credit.application.punishment.take_step import take_step
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.office import parse_office
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import EndReason, Purpose, StepKind

OFFICES = frozenset({Role.REGULATOR, Role.OFFICE})
_OWN = OFFICES | {Role.MERCHANT}
ACCESS = {
    **dict.fromkeys(("ProposeListing", "NotifyListing", "RecordHearing", "DecideListing", "EndListing"), OFFICES),
    "ApproveListing": OFFICES,
    **dict.fromkeys(("ListListings", "DecideObjection", "DecideRepair"), OFFICES),
    **dict.fromkeys(("GetListing", "ListMeasures", "FileObjection", "ApplyRepair"), _OWN),
    **dict.fromkeys(("WatchDirectives", "ReportDirective"), frozenset({Role.DEPARTMENT})),
    "ListDirectives": OFFICES | {Role.DEPARTMENT},
    "ListLookups": frozenset({Role.REGULATOR, Role.MERCHANT}),
    "VerifyMeasures": frozenset({Role.REGULATOR}),
    "CheckEnterprise": EVERYBODY - {Role.PUBLIC},
}
Context = grpc.aio.ServicerContext[Any, Any]
_End = Callable[[Any, Law, Actor, str, Step, datetime], object]


class PunishmentServicer(rpc.PunishmentServiceServicer):
    """Serves joint punishment."""

    def __init__(self, desk: Desk, checks: CheckReader, streams: DirectiveStreams) -> None:
        self._desk = desk
        self._checks = checks
        self._streams = streams

    async def ProposeListing(self, request: pb.ProposeListingRequest, context: Context) -> pb.ProposeListingResponse:
        """Propose a listing."""
        actor, law = current_actor(), self._desk.law
        given = convert.proposal(request)
        changed = await self._change(request, lambda store, now: propose_listing(store, law, actor, given, now))
        return pb.ProposeListingResponse(listing=convert.listing(changed.view))

    async def NotifyListing(self, request: pb.NotifyListingRequest, context: Context) -> pb.NotifyListingResponse:
        """Record a prior notice."""
        step = self._step(StepKind.NOTIFY, request.document_number, request.reasons, rights=request.rights)
        changed = await self._take(request, step)
        return pb.NotifyListingResponse(listing=convert.listing(changed.view))

    async def RecordHearing(self, request: pb.RecordHearingRequest, context: Context) -> pb.RecordHearingResponse:
        """Record a hearing, or that its time passed."""
        kind = StepKind.HEAR if request.was_held else StepKind.PASS_HEARING
        changed = await self._take(request, self._step(kind, request.document_number, request.summary))
        return pb.RecordHearingResponse(listing=convert.listing(changed.view))

    async def ApproveListing(self, request: pb.ApproveListingRequest, context: Context) -> pb.ApproveListingResponse:
        """Record the next-higher office's approval."""
        changed = await self._take(request, self._step(StepKind.APPROVE, request.document_number, request.reasons))
        return pb.ApproveListingResponse(listing=convert.listing(changed.view))

    async def DecideListing(self, request: pb.DecideListingRequest, context: Context) -> pb.DecideListingResponse:
        """Decide a listing."""
        actor, law = current_actor(), self._desk.law
        step = self._step(
            StepKind.DROP if request.is_dropped else StepKind.DECIDE, request.document_number, request.reasons,
            measure_ids=tuple(request.measure_ids),
        )  # fmt: skip
        changed = await self._change(
            request, lambda store, now: decide_listing(store, law, actor, request.listing_id, step, now)
        )
        return pb.DecideListingResponse(listing=convert.listing(changed.view), directives=self._directives(changed))

    async def EndListing(self, request: pb.EndListingRequest, context: Context) -> pb.EndListingResponse:
        """End a listing."""
        if not request.reason:
            raise invalid("reason", "say why the listing ends")
        reason = known(EndReason, request.reason, "reason")
        if reason is EndReason.REPAIRED:
            raise invalid("reason", "a repair ends by DecideRepair")
        changed = await self._end(request, request.document_number, reason, request.reasons)
        return pb.EndListingResponse(listing=convert.listing(changed.view), directives=self._directives(changed))

    async def GetListing(self, request: pb.GetListingRequest, context: Context) -> pb.GetListingResponse:
        """Read a listing."""
        found = await asyncio.to_thread(self._desk.listing, request.listing_id)
        await self._only_itself(current_actor(), found.view.listing.code)
        return pb.GetListingResponse(listing=convert.listing(found.view), directives=self._directives(found))

    async def ListListings(self, request: pb.ListListingsRequest, context: Context) -> pb.ListListingsResponse:
        """Page through listings."""
        overdue = self._today() if request.overdue_only else None
        query = ListingQuery(request.credit_code, request.list_id, int(request.state), overdue)
        limit, bound = page_size(request.page_size, default=50, most=500), f"listings:{query}".encode()
        after, law = read_token(bound, request.page_token), self._desk.law
        found = await asyncio.to_thread(
            self._desk.read, lambda conn: PunishmentReader(conn, law).listings(query, after, limit + 1)
        )
        last = found[limit - 1].listing.listing_id if len(found) > limit else ""
        return pb.ListListingsResponse(
            listings=[convert.listing(view) for view in found[:limit]], next_page_token=make_token(bound, last)
        )

    async def ListDirectives(self, request: pb.ListDirectivesRequest, context: Context) -> pb.ListDirectivesResponse:
        """Page through directives."""
        actor, law = current_actor(), self._desk.law
        department = request.department if actor.has(*OFFICES) else request.department or actor.office
        if not actor.has(*OFFICES) and department != actor.office:
            raise Forbidden("a department lists its own directives", metadata={"department": department[:64]})
        overdue = self._today() if request.overdue_only else None
        departments = law.predecessors(department, self._today()) if department else []
        query = OrderQuery(request.listing_id, request.credit_code, departments, overdue)
        limit, bound = page_size(request.page_size, default=50, most=500), f"directives:{query}".encode()
        after = read_token(bound, request.page_token)

        def read(conn: Any) -> pb.ListDirectivesResponse:
            reader = PunishmentReader(conn, law)
            found = reader.orders(query, after, limit + 1)
            last = found[limit - 1].directive_id if len(found) > limit else ""
            page = convert.directives(found[:limit], reader.delivered(found), self._desk.successor)
            return pb.ListDirectivesResponse(directives=page, next_page_token=make_token(bound, last))

        return await asyncio.to_thread(self._desk.read, read)

    async def WatchDirectives(
        self, request: pb.WatchDirectivesRequest, context: Context
    ) -> AsyncIterator[pb.WatchDirectivesResponse]:
        """Stream a department's directives from a cursor."""
        department = str(parse_office(request.department, "department"))
        if department != current_actor().office:
            raise Forbidden("a department watches its own directives", metadata={"department": department})
        async for watched in self._streams.watch(department, request.cursor):
            yield pb.WatchDirectivesResponse(
                directives=watched.directives, cursor=watched.cursor, is_checkpoint=watched.is_checkpoint
            )

    async def ReportDirective(self, request: pb.ReportDirectiveRequest, context: Context) -> pb.ReportDirectiveResponse:
        """Take a department's answer."""
        return await asyncio.to_thread(report, self._desk, current_actor(), request)

    async def ListMeasures(self, request: pb.ListMeasuresRequest, context: Context) -> pb.ListMeasuresResponse:
        """Tell which measures were in force at a moment."""
        code, law = credit_code.parse(request.credit_code), self._desk.law
        await self._only_itself(current_actor(), code)
        at = moment(request.at_time, "at_time") if request.HasField("at_time") else self._desk.clock.now()
        found = await asyncio.to_thread(self._desk.read, lambda conn: measures_at(conn, law, code, at))
        return pb.ListMeasuresResponse(measures=found)

    async def FileObjection(self, request: pb.FileObjectionRequest, context: Context) -> pb.FileObjectionResponse:
        """File an objection."""
        changed = await self._take(request, self._step(StepKind.OBJECT, request.document_number, request.grounds))
        return pb.FileObjectionResponse(listing=convert.listing(changed.view))

    async def DecideObjection(self, request: pb.DecideObjectionRequest, context: Context) -> pb.DecideObjectionResponse:
        """Decide an objection."""
        if request.is_upheld:
            changed = await self._end(
                request, request.document_number, EndReason.ANNULLED, request.reasons, uphold_objection
            )
        else:
            step = self._step(StepKind.REFUSE_OBJECTION, request.document_number, request.reasons)
            changed = await self._take(request, step)
        return pb.DecideObjectionResponse(listing=convert.listing(changed.view))

    async def ApplyRepair(self, request: pb.ApplyRepairRequest, context: Context) -> pb.ApplyRepairResponse:
        """Apply for repair."""
        step = self._step(StepKind.APPLY_REPAIR, "", request.commitment, fact_ids=tuple(request.proofs))
        changed = await self._take(request, step)
        return pb.ApplyRepairResponse(listing=convert.listing(changed.view))

    async def DecideRepair(self, request: pb.DecideRepairRequest, context: Context) -> pb.DecideRepairResponse:
        """Decide a repair."""
        if request.is_granted:
            changed = await self._end(request, request.document_number, EndReason.REPAIRED, request.reasons)
        else:
            next_on = parse_optional_day(request.next_on, "next_on")
            step = self._step(StepKind.REFUSE_REPAIR, request.document_number, request.reasons, next_on=next_on)
            changed = await self._take(request, step)
        return pb.DecideRepairResponse(listing=convert.listing(changed.view))

    async def CheckEnterprise(self, request: pb.CheckEnterpriseRequest, context: Context) -> pb.CheckEnterpriseResponse:
        """Tell what applies to an enterprise now."""
        code = credit_code.parse(request.credit_code)
        if not request.purpose:
            raise invalid("purpose", "say what for")
        return await self._checks.check(current_actor(), code, known(Purpose, request.purpose, "purpose"))

    async def ListLookups(self, request: pb.ListLookupsRequest, context: Context) -> pb.ListLookupsResponse:
        """Page through who looked."""
        actor, code = current_actor(), credit_code.parse(request.credit_code)
        await self._only_itself(actor, code)
        limit, bound = page_size(request.page_size, default=50, most=500), f"lookups:{code}".encode()
        before = int(read_token(bound, request.page_token) or 0)
        found = await asyncio.to_thread(self._desk.read, lambda conn: read_lookups(conn, code, before, limit + 1))
        last = str(found[limit - 1].lookup_id) if len(found) > limit else ""
        lookups = [convert.lookup(one, is_named=actor.has(Role.REGULATOR)) for one in found[:limit]]
        return pb.ListLookupsResponse(lookups=lookups, next_page_token=make_token(bound, last))

    async def VerifyMeasures(self, request: pb.VerifyMeasuresRequest, context: Context) -> pb.VerifyMeasuresResponse:
        """Prove that no measure is active without a valid cause and basis."""
        law, now = self._desk.law, self._desk.clock.now()
        found = await asyncio.to_thread(self._desk.read, lambda conn: verify(conn, law, now))
        return pb.VerifyMeasuresResponse(
            order_count=found.orders, listing_count=found.listings, directive_count=found.directives,
            department_count=found.departments, fault_count=len(found.faults), faults=found.faults[:100],
        )  # fmt: skip

    def _directives(self, changed: Changed) -> list[DirectiveStanding]:
        return convert.directives(changed.orders, changed.delivered, self._desk.successor)

    async def _change(self, request: Message, use: Callable[[Any, datetime], object]) -> Changed:
        return await asyncio.to_thread(self._desk.change, current_actor(), request, use)

    async def _take(self, request: Any, step: Step) -> Changed:
        actor, law = current_actor(), self._desk.law
        return await self._change(
            request, lambda store, now: take_step(store, law, actor, request.listing_id, step, now)
        )

    async def _end(
        self, request: Any, document_number: str, reason: EndReason, reasons: str, use: _End = end_listing
    ) -> Changed:
        actor, law = current_actor(), self._desk.law
        step = self._step(StepKind.END, document_number, reasons, end_reason=reason)
        return await self._change(request, lambda store, now: use(store, law, actor, request.listing_id, step, now))

    def _step(self, kind: StepKind, document_number: str, reasons: str, **given: Any) -> Step:
        actor = current_actor()
        return Step(
            kind=kind, day=self._today(), actor=actor.subject, office=actor.office, document_number=document_number,
            reasons=reasons, **given,
        )  # fmt: skip

    def _today(self) -> date:
        return china_day(self._desk.clock.now())

    async def _only_itself(self, actor: Actor, code: str) -> None:
        """Let offices, the enterprise itself, and who it was merged into."""
        if actor.has(*OFFICES) or actor.subject == code:
            return
        if actor.subject != await asyncio.to_thread(self._desk.read, lambda conn: goes_on_as(conn, code)):
            raise Forbidden("a merchant reads this of itself only", metadata={"credit_code": code})
