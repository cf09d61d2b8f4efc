"""One simulated department: follows its stream, writes down what it saw, acts once, and answers in its manner."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import grpc
import structlog
from merchantcredit.credit.v1 import punishment_service_pb2 as api
from merchantcredit.credit.v1.punishment_service_pb2_grpc import PunishmentServiceStub
from merchantcredit.events.v1 import directive_pb2 as pb

from services.cli.calls import credentials
from services.cli.departments.journal import Journal
from services.cli.departments.manner import Traits

#: What may be tried again: the server is away, or another transaction held the order.
_AGAIN = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED, grpc.StatusCode.DEADLINE_EXCEEDED})
RETRY_SECONDS = 0.2
log = structlog.get_logger()


class Crash(Exception):
    """A crash that the manner asks for: what was not written down is forgotten."""


@dataclass(slots=True)
class Department:
    """A department; `saved`, `last` and what its journal says are what survives its crashes."""

    name: str
    channel: grpc.aio.Channel
    token: str
    journal: Journal
    traits: Traits
    random: Random
    saved: str = ""
    last: int = 0
    answered: int = 0
    refused: int = 0
    crashes: int = 0
    is_caught_up: bool = False
    _pending: list[pb.NumberedDirective] = field(default_factory=list)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the stream until stopped; comes back after crashes and outages of the server."""
        await _wait(stop, self.traits.away_seconds)
        while not stop.is_set():
            try:
                await self._follow(stop)
            except Crash:
                self.crashes += 1
            except grpc.aio.AioRpcError as error:
                if error.code() not in _AGAIN:
                    raise
                log.info("server_away", department=self.name, code=error.code().name)
                await _wait(stop, RETRY_SECONDS)

    async def _follow(self, stop: asyncio.Event) -> None:
        request = api.WatchDirectivesRequest(department=self.name, cursor=self.saved)
        stream = self._stub.WatchDirectives(request, metadata=credentials(self.token))
        stopping = asyncio.create_task(stop.wait())
        try:
            await self._answer(self._pending)
            while not stop.is_set():
                reading = asyncio.ensure_future(stream.read())
                await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not reading.done():
                    return
                await self._take(reading.result())
        finally:
            stopping.cancel()
            stream.cancel()

    async def _take(self, message: Any) -> None:
        """Write down, crash perhaps, act, save the cursor."""
        self.is_caught_up = message.is_checkpoint
        self.last = self.journal.write(message.directives, self.last)
        newest = self._pending[-1].number if self._pending else self.journal.answered()
        self._pending = [*self._pending, *(one for one in message.directives if one.number > newest)]
        if message.directives and self.random.random() < self.traits.crash_share:
            raise Crash
        await self._answer(self._pending)
        self.saved = message.cursor

    async def _answer(self, directives: Sequence[pb.NumberedDirective]) -> None:
        for one in list(directives):
            if self.traits.pause_seconds:
                await asyncio.sleep(self.traits.pause_seconds)  # the manner of a slow one, not a wait for something
            for kind in self._kinds(pb.Directive.FromString(one.directive)):
                for _ in range(self.traits.answers):
                    await self._report(one, kind)
            self._pending.remove(one)
            self.journal.note_answered(one.number)

    def _kinds(self, directive: pb.Directive) -> Sequence[int]:
        if directive.action == pb.DIRECTIVE_ACTION_LIFT:
            return (pb.FEEDBACK_KIND_LIFT_CONFIRMED,)
        if directive.action == pb.DIRECTIVE_ACTION_REMIND:
            return ()
        second = pb.FEEDBACK_KIND_DECLINED if self.traits.declines else pb.FEEDBACK_KIND_APPLIED
        return (pb.FEEDBACK_KIND_ACKNOWLEDGED, second)

    async def _report(self, one: pb.NumberedDirective, kind: int) -> None:
        """Answer under an id that follows from what is answered, so that an answer after a crash is the same answer."""
        told = pb.DirectiveFeedback(
            number=one.number,
            directive_id=pb.Directive.FromString(one.directive).directive_id,
            kind=pb.FeedbackKind.ValueType(kind),
        )
        if kind == pb.FEEDBACK_KIND_DECLINED:
            told.decline_reason = pb.DECLINE_REASON_NOT_COMPETENT
        told.occurred_time.FromSeconds(_FIRST_SECOND + one.number * 10 + kind)
        request = api.ReportDirectiveRequest(request_id=f"{one.number}:{kind}", feedback=told)
        try:
            await self._stub.ReportDirective(request, metadata=credentials(self.token))
            self.answered += 1
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
                raise
            self.refused += 1  # a lift overtook the answer: the lift follows in the sequence and is confirmed there

    @property
    def _stub(self) -> Any:
        return PunishmentServiceStub(self.channel)


#: 2026-01-01: the simulated clock of answers, so that the same answer has the same bytes.
_FIRST_SECOND = 1_767_225_600


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
