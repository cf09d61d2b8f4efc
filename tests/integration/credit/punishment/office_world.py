"""Joint punishment over real parts: a gRPC server, the credit worker, the dispatcher, the sweep; the clock is the test's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
from merchantcredit.credit.v1 import punishment_pb2 as model
from merchantcredit.credit.v1 import punishment_service_pb2 as pb
from merchantcredit.credit.v1.punishment_service_pb2_grpc import PunishmentServiceStub as Stub
from merchantcredit.events.v1.directive_pb2 import Directive, DirectiveFeedback, NumberedDirective

from services.common.auth.actor import Actor, Role
from services.common.auth.tokens import issue
from services.common.clock import FixedClock
from services.common.eventlog.batch import BatchConsumer, BatchPolicy
from services.common.eventlog.sequencer import Sequencer
from services.credit.bootstrap import punishing, serving_punishment, serving_webhooks
from services.credit.config import CreditConfig
from services.credit.consumers.punishment.sweeper import PunishmentSweeper
from tests.integration.credit.world import CODE, KEY, NOW, OTHER, World, enterprise, told, violation
from tests.integration.grpc_fixtures import Served, serve

PROVINCE = "market-regulation-520000"
#: The registrar's region of CODE is 520900: these are its departments.
FINANCE = "finance-520900"
MEASURES = ("limit-procurement", "weigh-in-licence", "prudent-credit")
EVIDENCE = f"penalty:{CODE}:heavy"


class OfficeWorld:
    """Everybody who takes part, and the loops driven by hand."""

    def __init__(self, served: Served, world: World, config: CreditConfig) -> None:
        self.served, self.world, self.clock = served, world, world.clock
        self.stub: Any = Stub(served.channel)
        policy = BatchPolicy(poll_seconds=0.05)
        dispatch, feedback, sweeper = punishing(config, world.log, world.clock, policy)
        assert isinstance(dispatch, BatchConsumer)
        assert isinstance(feedback, BatchConsumer)
        assert isinstance(sweeper, PunishmentSweeper)
        self.dispatch, self.feedback, self.sweeper = dispatch, feedback, sweeper

    def who(self, role: Role, subject: str, office: str) -> list[tuple[str, str]]:
        actor = Actor(subject=subject, office=office, roles=frozenset({role}))
        return [("authorization", f"Bearer {issue(self.served.key, actor, seconds=600)}")]

    @property
    def proposer(self) -> list[tuple[str, str]]:
        return self.who(Role.OFFICE, "proposer", PROVINCE)

    @property
    def decider(self) -> list[tuple[str, str]]:
        return self.who(Role.REGULATOR, "decider", PROVINCE)

    @property
    def second(self) -> list[tuple[str, str]]:
        return self.who(Role.REGULATOR, "second", PROVINCE)

    @property
    def merchant(self) -> list[tuple[str, str]]:
        return self.who(Role.MERCHANT, CODE, "")

    def department(self, office: str = FINANCE) -> list[tuple[str, str]]:
        return self.who(Role.DEPARTMENT, "clerk", office)

    async def propose(self, listing_id: str = "l1", **given: Any) -> model.Listing:
        fields: dict[str, Any] = {
            "credit_code": CODE, "list_id": "serious-dishonesty", "trigger_id": "fair-competition", "severity": 3,
            "fact_ids": [EVIDENCE], "reasons": "组织虚假交易", "is_grave": True,
        }  # fmt: skip
        request = pb.ProposeListingRequest(request_id=rid(), listing_id=listing_id, **{**fields, **given})
        return (await self.stub.ProposeListing(request, metadata=self.proposer)).listing

    async def notify(self, listing_id: str = "l1") -> model.Listing:
        request = pb.NotifyListingRequest(
            request_id=rid(), listing_id=listing_id, document_number="告1", reasons="拟列入", rights="陈述、申辩、听证"
        )
        return (await self.stub.NotifyListing(request, metadata=self.proposer)).listing

    async def hear(self, listing_id: str = "l1") -> model.Listing:
        request = pb.RecordHearingRequest(
            request_id=rid(), listing_id=listing_id, was_held=True, summary="承认", document_number="听1"
        )
        return (await self.stub.RecordHearing(request, metadata=self.proposer)).listing

    async def decide(self, listing_id: str = "l1", **given: Any) -> pb.DecideListingResponse:
        fields: dict[str, Any] = {"document_number": "决1", "reasons": "属实", "measure_ids": MEASURES}
        request = pb.DecideListingRequest(request_id=rid(), listing_id=listing_id, **{**fields, **given})
        return await self.stub.DecideListing(request, metadata=self.decider)

    async def list_it(self, listing_id: str = "l1", **given: Any) -> pb.DecideListingResponse:
        """Go the whole way to a published listing."""
        await self.propose(listing_id, **given)
        await self.notify(listing_id)
        await self.hear(listing_id)
        return await self.decide(listing_id)

    async def end(self, listing_id: str = "l1", reason: int = model.END_REASON_ANNULLED) -> pb.EndListingResponse:
        request = pb.EndListingRequest(
            request_id=rid(), listing_id=listing_id, document_number="撤1", reason=model.EndReason.ValueType(reason)
        )
        return await self.stub.EndListing(request, metadata=self.decider)

    async def get(self, listing_id: str = "l1") -> pb.GetListingResponse:
        return await self.stub.GetListing(pb.GetListingRequest(listing_id=listing_id), metadata=self.decider)

    async def measures(self, at: Any = None) -> list[str]:
        request = pb.ListMeasuresRequest(credit_code=CODE)
        if at is not None:
            request.at_time.FromDatetime(at)
        found = await self.stub.ListMeasures(request, metadata=self.decider)
        return sorted({one.measure_id for one in found.measures})

    async def check(self, purpose: int = model.CHECK_PURPOSE_PROCUREMENT) -> list[str]:
        request = pb.CheckEnterpriseRequest(credit_code=CODE, purpose=model.CheckPurpose.ValueType(purpose))
        return [
            one.measure_id for one in (await self.stub.CheckEnterprise(request, metadata=self.department())).measures
        ]

    def drain(self) -> None:
        """Number what was ordered, dispatch it, and take what was told."""
        for batch in (self.dispatch, self.feedback):
            Sequencer(self.world.dsn).sequence_once()
            consumer = self.world.log.consumer(group=batch.group, topics=batch.topics, load_offsets=batch._load)
            while batch.step(consumer):
                pass
            consumer.close()

    async def read(self, office: str = FINANCE, cursor: str = "") -> tuple[list[NumberedDirective], str]:
        """Return what a department's stream holds up to its first checkpoint, and the cursor there."""
        request = pb.WatchDirectivesRequest(department=office, cursor=cursor)
        stream = self.stub.WatchDirectives(request, metadata=self.department(office))
        got: list[NumberedDirective] = []
        async for message in stream:
            got += message.directives
            if message.is_checkpoint:
                stream.cancel()
                return got, message.cursor
        raise AssertionError("the stream ended")

    async def tell(self, numbered: NumberedDirective, kind: int, request_id: str = "", **given: Any) -> Any:
        request = pb.ReportDirectiveRequest(request_id=request_id or rid(), feedback=feedback(numbered, kind, **given))
        request.feedback.occurred_time.FromDatetime(self.clock.now())
        office = given.get("office", numbered.department)
        return (await self.stub.ReportDirective(request, metadata=self.department(office))).directive


def feedback(numbered: NumberedDirective, kind: int, **given: Any) -> DirectiveFeedback:
    given.pop("office", None)
    directive_id = Directive.FromString(numbered.directive).directive_id
    return DirectiveFeedback(number=numbered.number, directive_id=directive_id, kind=kind, **given)  # type: ignore[arg-type]


def rid() -> str:
    return uuid4().hex


async def refused(call: Any) -> grpc.aio.AioRpcError:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError("the call was not refused")


@asynccontextmanager
async def office_world(dsn: str, folder: Path, **config: Any) -> AsyncIterator[OfficeWorld]:
    world = World(dsn, FixedClock(NOW))
    heavy = {"severity": 3, "penalty_kind": 5, "fine_fen": 5_000_000}
    world.tell(
        told(enterprise(), "e1"),
        told(enterprise(OTHER), "e2"),
        told(violation("heavy", **heavy), "v1"),
        told(violation("light"), "v2"),
    )
    made = CreditConfig(dsn=dsn, complainant_key=KEY, **config)
    async with serve(
        folder, lambda: [make(made, world.clock) for make in (serving_punishment, serving_webhooks)]
    ) as served:
        yield OfficeWorld(served, world, made)
    world.close()
