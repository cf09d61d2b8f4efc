"""Joint punishment in the demo: some enterprises are listed, departments of every manner answer, all is lifted, and proven."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from merchantcredit.credit.v1 import punishment_pb2 as model
from merchantcredit.credit.v1 import punishment_service_pb2 as pb
from merchantcredit.credit.v1.punishment_service_pb2_grpc import PunishmentServiceStub
from merchantcredit.events.v1.violation_pb2 import SEVERITY_ORDINARY

from services.cli import calls
from services.cli.departments import history, journal
from services.cli.departments.manner import Manner
from services.cli.departments.simulation import Simulation
from services.common.auth.actor import Actor, Role
from services.common.auth.tokens import issue, load_key
from services.common.errors import DependencyUnavailable
from services.launcher.state import Endpoints, State

OFFICE = "market-regulation-520000"
#: One a prefecture, so that there are departments of every manner.
ENTERPRISES = 6
#: An enterprise that did not publish its annual report; the demo's evidence is whatever penalty stands against it.
LIST: Mapping[str, Any] = {
    "list_id": "abnormal-operation",
    "trigger_id": "annual-report",
    "severity": SEVERITY_ORDINARY,
}
MEASURES = ("weigh-abnormal", "abnormal-supervision")
PATIENCE_SECONDS, LOOK_SECONDS, AWAY_SECONDS = 60.0, 0.2, 2.0
_KNOWN = """
SELECT DISTINCT ON (left(s.code, 6)) s.code, f.fact_id
FROM credit.fact AS f JOIN credit.subject AS s ON s.id = f.subject_id
WHERE f.kind = 3 AND s.known AND s.code LIKE '_152%%' ORDER BY left(s.code, 6), s.code, f.fact_id LIMIT %s
"""
_ANSWERED = {model.DIRECTIVE_STATE_APPLIED, model.DIRECTIVE_STATE_DECLINED, model.DIRECTIVE_STATE_REPORTED}
_LIFTED = {model.DIRECTIVE_STATE_LIFTED_CONFIRMED}


async def converge(state: State, endpoints: Endpoints) -> None:
    """List, let departments answer, end, and print what came of it; raises DependencyUnavailable when it does not converge."""
    with psycopg.connect(endpoints.dsn) as conn:
        evidence: dict[str, str] = dict(conn.execute(_KNOWN, [ENTERPRISES]).fetchall())
    began = time.monotonic()
    with TemporaryDirectory(prefix="merchant-credit-departments-") as folder:
        async with calls.channel(endpoints.credit) as channel:
            office = _Office(PunishmentServiceStub(channel), state.key_file)
            departments = await office.list_all(evidence)
            simulation = Simulation(
                folder=Path(folder), key=load_key(state.key_file), away_seconds=AWAY_SECONDS, seed=1
            )
            stop = asyncio.Event()
            simulated = asyncio.create_task(simulation.run(channel, departments, stop))
            await office.until(_ANSWERED)
            await office.end_all()
            await office.until(_LIFTED)
            stop.set()
            await simulated
            proof = await office.verify()
        found = history.check(journal.read(Path(folder)))
    faults = [*found.faults, *proof.faults]
    print(
        f"\nJoint punishment: {len(evidence)} enterprises listed and cured; {len(departments)} departments of"
        f" {min(len(departments), len(Manner))} manners took {found.applied} orders and lifted {found.lifted},"
        f"\n  each once and in order, all lifts confirmed after {time.monotonic() - began:.1f} s; {len(faults)} faults",
        *(f"\n  FAULT {fault}" for fault in faults),
        flush=True,
    )


class _Office:
    """Two persons of one office, who wait for departments."""

    def __init__(self, stub: Any, key_file: Path) -> None:
        self._stub = stub
        self._listings: list[str] = []
        key, roles = load_key(key_file), frozenset({Role.REGULATOR})
        self._proposer, self._decider = (
            calls.credentials(issue(key, Actor(subject=name, office=OFFICE, roles=roles), seconds=600))
            for name in ("demo-proposer", "demo-decider")
        )

    async def list_all(self, evidence: Mapping[str, str]) -> Sequence[str]:
        """List each enterprise; return the departments that got an order."""
        ordered = [await self._list(f"demo-{code}", code, fact_id) for code, fact_id in evidence.items()]
        return sorted({one.department for decided in ordered for one in decided.directives})

    async def _list(self, listing_id: str, code: str, fact_id: str) -> pb.DecideListingResponse:
        ids: dict[str, Any] = {"request_id": listing_id, "listing_id": listing_id}
        paper = {**ids, "document_number": "演示", "reasons": "未按期公示年度报告（演示）"}
        mine = {"metadata": self._proposer}
        proposal = pb.ProposeListingRequest(credit_code=code, fact_ids=[fact_id], **LIST, **paper)
        await self._stub.ProposeListing(proposal, **mine)
        await self._stub.NotifyListing(pb.NotifyListingRequest(rights="陈述、申辩", **_again(paper, "n")), **mine)
        heard = pb.RecordHearingRequest(was_held=True, summary="无异议", document_number="演示", **_again(ids, "h"))
        await self._stub.RecordHearing(heard, **mine)
        decision = pb.DecideListingRequest(measure_ids=MEASURES, **_again(paper, "d"))
        decided: pb.DecideListingResponse = await self._stub.DecideListing(decision, metadata=self._decider)
        self._listings.append(listing_id)
        return decided

    async def end_all(self) -> None:
        """End each listing: its cause is cured."""
        for listing_id in self._listings:
            request = pb.EndListingRequest(
                request_id=f"{listing_id}-e",
                listing_id=listing_id,
                document_number="演示",
                reason=model.END_REASON_CURED,
            )
            await self._stub.EndListing(request, metadata=self._decider)

    async def until(self, states: Collection[int]) -> None:
        """Wait until each order of each listing stands in one of some states."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while left := [one for one in await self._standing() if one.state not in states]:
            if time.monotonic() > deadline:
                raise DependencyUnavailable(f"{len(left)} orders are not answered, the first is {left[0].directive_id}")
            await asyncio.sleep(LOOK_SECONDS)

    async def verify(self) -> pb.VerifyMeasuresResponse:
        """Prove it from the events."""
        found: pb.VerifyMeasuresResponse = await self._stub.VerifyMeasures(
            pb.VerifyMeasuresRequest(), metadata=self._decider
        )
        return found

    async def _standing(self) -> list[model.DirectiveStanding]:
        found = [
            await self._stub.GetListing(pb.GetListingRequest(listing_id=listing_id), metadata=self._decider)
            for listing_id in self._listings
        ]
        return [one for listing in found for one in listing.directives]


def _again(given: Mapping[str, Any], step: str) -> dict[str, Any]:
    """Return the fields of another step: each request has an id of its own."""
    return {**given, "request_id": f"{given['request_id']}-{step}"}
