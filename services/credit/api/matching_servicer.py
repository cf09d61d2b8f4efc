"""MatchingService: the work list of events that came without a code, and persons' decisions."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from merchantcredit.credit.v1 import matching_service_pb2 as pb
from merchantcredit.credit.v1 import matching_service_pb2_grpc as rpc
from merchantcredit.events.v1.respondent_pb2 import Respondent

from services.common.auth.actor import Role
from services.common.errors import FieldViolation, InvalidInput
from services.common.grpc.interceptor import current_actor
from services.common.kernel import credit_code
from services.common.paging import make_token, page_size, read_token
from services.credit.adapters.match_reader import MatchReader
from services.credit.adapters.match_store import KINDS
from services.credit.application.decide_match import Answer, DecideMatch, Matter
from services.credit.domain.facts import FactKind
from services.credit.domain.matching import Candidate

OFFICES = frozenset({Role.REGULATOR, Role.OFFICE})
ACCESS = dict.fromkeys(("ListUnmatched", "GetUnmatched", "DecideMatch", "UndoMatch"), OFFICES)
Context = grpc.aio.ServicerContext[Any, Any]


class MatchingServicer(rpc.MatchingServiceServicer):
    """Serves matching."""

    def __init__(self, reader: MatchReader, decide: DecideMatch) -> None:
        self._reader = reader
        self._decide = decide

    async def ListUnmatched(self, request: pb.ListUnmatchedRequest, context: Context) -> pb.ListUnmatchedResponse:
        """Page through what waits."""
        limit = page_size(request.page_size, default=20, most=100)
        query = f"unmatched:{request.with_decided}".encode()
        after = int(read_token(query, request.page_token) or 0)
        found = await asyncio.to_thread(
            self._reader.page, after=after, limit=limit + 1, with_decided=request.with_decided
        )
        last = str(found[limit - 1][0].unmatched_id) if len(found) > limit else ""
        return pb.ListUnmatchedResponse(
            unmatched=[_unmatched(*one) for one in found[:limit]], next_page_token=make_token(query, last)
        )

    async def GetUnmatched(self, request: pb.GetUnmatchedRequest, context: Context) -> pb.GetUnmatchedResponse:
        """Read one matter."""
        found = await asyncio.to_thread(self._reader.get, request.unmatched_id)
        return pb.GetUnmatchedResponse(unmatched=_unmatched(*found))

    async def DecideMatch(self, request: pb.DecideMatchRequest, context: Context) -> pb.DecideMatchResponse:
        """Decide whose a matter is."""
        actor, answer = current_actor(), _answer(request)
        matter = await self._written(
            lambda: self._decide.decide(actor, request.request_id, request.unmatched_id, answer, request.reason)
        )
        return pb.DecideMatchResponse(unmatched=matter)

    async def UndoMatch(self, request: pb.UndoMatchRequest, context: Context) -> pb.UndoMatchResponse:
        """Take a decision back."""
        actor = current_actor()
        matter = await self._written(
            lambda: self._decide.undo(actor, request.request_id, request.unmatched_id, request.reason)
        )
        return pb.UndoMatchResponse(unmatched=matter)

    async def _written(self, write: Callable[[], Matter]) -> pb.Unmatched:
        matter = await asyncio.to_thread(write)
        return _unmatched(*await asyncio.to_thread(self._reader.get, matter.unmatched_id))


def _answer(request: pb.DecideMatchRequest) -> Answer:
    if request.WhichOneof("answer") == "credit_code":
        return Answer(credit_code.parse(request.credit_code))
    if not request.is_nobody:
        violation = FieldViolation(field="answer", description="give the credit_code, or is_nobody = true")
        raise InvalidInput(f"answer: {violation.description}", violations=(violation,))
    return Answer("")


def _unmatched(matter: Matter, candidates: Sequence[Candidate]) -> pb.Unmatched:
    first = Timestamp()
    first.FromDatetime(matter.first_at)
    return pb.Unmatched(
        unmatched_id=matter.unmatched_id,
        kind=KINDS[FactKind(matter.kind)],
        reference=matter.reference,
        respondent=Respondent(name=matter.name, region_code=matter.region_code, shop=matter.shop),
        event_count=matter.event_count,
        first_time=first,
        is_decided=matter.is_decided,
        decided_code=matter.code,
        reason=matter.reason,
        decided_by=matter.decided_by,
        candidates=[
            pb.MatchCandidate(
                credit_code=one.code,
                name=one.name,
                region_code=one.region_code,
                score_permille=one.score,
                reasons=[reason.value for reason in one.reasons],
            )
            for one in candidates
        ],
    )
