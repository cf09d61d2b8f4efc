"""The office of a fault run: proposes, hears, decides and ends listings over gRPC, and asks again until it is answered."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import grpc
from merchantcredit.credit.v1 import punishment_pb2 as model
from merchantcredit.credit.v1 import punishment_service_pb2 as pb
from merchantcredit.credit.v1.punishment_service_pb2_grpc import PunishmentServiceStub

from services.cli import calls
from services.common.auth.actor import Actor, Role
from services.common.auth.tokens import issue, load_key

OFFICE = "market-regulation-520000"
MEASURES = ("limit-procurement", "limit-bidding", "limit-fiscal-funds", "no-honours", "prudent-credit")
SIDE_BY_SIDE = 8
#: So many published listings stand at the most before one is ended for each that is decided.
MOST_STANDING = 200
CALL_SECONDS = 20.0
RETRY_SECONDS = 0.2
_AGAIN = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED, grpc.StatusCode.DEADLINE_EXCEEDED})


class Office:
    """Works at a pace until its time or its work is over; then ends what stands."""

    def __init__(self, address: str, key_file: Path, codes: Sequence[str], seed: int) -> None:
        self._address, self._codes, self._random = address, codes, Random(seed)
        key = load_key(key_file)
        self._tokens = {
            name: calls.credentials(
                issue(key, Actor(subject=name, office=OFFICE, roles=frozenset({Role.REGULATOR})), seconds=86_400)
            )
            for name in ("proposer", "decider")
        }
        self._standing: list[str] = []
        self.listed = 0
        self.repeated = 0

    def work(self, seconds: float, listings: int) -> None:
        """Decide up to so many listings, spread over so many seconds, and end each; blocking."""
        asyncio.run(self._work(seconds, listings))

    async def _work(self, seconds: float, listings: int) -> None:
        async with calls.channel(self._address) as channel:
            stub: Any = PunishmentServiceStub(channel)
            began, gate = time.monotonic(), asyncio.Semaphore(SIDE_BY_SIDE)
            async with asyncio.TaskGroup() as group:
                for number in range(listings):
                    await asyncio.sleep(max(0.0, began + number * seconds / listings - time.monotonic()))
                    await gate.acquire()
                    if time.monotonic() - began > seconds:
                        break
                    group.create_task(self._one(stub, f"l{number}", gate))
            await asyncio.gather(*(self._end(stub, one) for one in self._standing))

    async def _one(self, stub: Any, listing_id: str, gate: asyncio.Semaphore) -> None:
        try:
            await self._list(stub, listing_id)
            self.listed += 1
            self._standing.append(listing_id)
            if len(self._standing) > MOST_STANDING:
                await self._end(stub, self._standing.pop(self._random.randrange(len(self._standing))))
        finally:
            gate.release()

    async def _list(self, stub: Any, listing_id: str) -> None:
        code = self._random.choice(self._codes)
        given = {"listing_id": listing_id, "document_number": "文", "reasons": "r"}
        await self._ask(
            stub.ProposeListing,
            pb.ProposeListingRequest(
                request_id=f"{listing_id}-p", credit_code=code, list_id="serious-dishonesty", trigger_id="food", severity=3,
                fact_ids=[f"penalty:{code}:heavy"], is_grave=True, **given,
            ),
            "proposer",
        )  # fmt: skip
        notice = pb.NotifyListingRequest(request_id=f"{listing_id}-n", rights="r", **given)
        await self._ask(stub.NotifyListing, notice, "proposer")
        hearing = pb.RecordHearingRequest(
            request_id=f"{listing_id}-h", listing_id=listing_id, was_held=True, summary="s", document_number="文"
        )
        await self._ask(stub.RecordHearing, hearing, "proposer")
        decision = pb.DecideListingRequest(request_id=f"{listing_id}-d", measure_ids=MEASURES, **given)
        await self._ask(stub.DecideListing, decision, "decider")

    async def _end(self, stub: Any, listing_id: str) -> None:
        request = pb.EndListingRequest(
            request_id=f"{listing_id}-e", listing_id=listing_id, document_number="文", reason=model.END_REASON_ANNULLED
        )
        await self._ask(stub.EndListing, request, "decider")

    async def _ask(self, call: Any, request: Any, who: str) -> None:
        """Ask until it is answered: the same request again, so that an answer that was lost changes nothing."""
        while True:
            try:
                await call(request, metadata=self._tokens[who], timeout=CALL_SECONDS)
            except grpc.aio.AioRpcError as error:
                if error.code() not in _AGAIN:
                    raise
                self.repeated += 1
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return
