"""`decision_to_department`: from the moment a decision is due until the last of its ten directives is in its department's hands."""

import asyncio
import time
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
import psycopg
from merchantcredit.credit.v1 import punishment_service_pb2 as pb
from merchantcredit.credit.v1.punishment_service_pb2_grpc import PunishmentServiceStub
from merchantcredit.events.v1.directive_pb2 import Directive

from services.common.auth.actor import Role
from services.common.auth.tokens import make_key
from tests.benchmarks import punishing as p
from tests.benchmarks.fresh import fresh_database, settle
from tests.benchmarks.harness import Outcome, Scale, benchmark
from tests.benchmarks.listings import decision_request

RATE = 100
SECONDS = 20
DIRECTIVES = 10
P99_MILLISECONDS = 1000.0


@benchmark(
    "decision_to_department", unit="ms", to="the second that the 99th of 100 directives may take at 100 decisions/s"
)
def decision_to_department(scale: Scale) -> Outcome:
    """Decide listings at a steady rate over gRPC while a hundred departments watch theirs."""
    with fresh_database() as dsn, TemporaryDirectory() as folder:
        key_file = Path(folder) / "key.pem"
        make_key(key_file)
        known = p.codes(scale.of(RATE * SECONDS))
        p.register(dsn, known)
        with psycopg.connect(dsn) as conn:
            for number, code in enumerate(known):
                p.hear(conn, f"l{number}", code)
                conn.commit()
        settle(dsn)
        with p.running(dsn, key_file, with_workers=True) as address:
            took, answered = asyncio.run(_Run(address, key_file, len(known)).measure())
    besides = {"median": p.quantile(took, 0.5), "p99 of the decision's answer": p.quantile(answered, 0.99)}
    return Outcome(p.quantile(took, 0.99), P99_MILLISECONDS, besides)


class _Run:
    def __init__(self, address: str, key_file: Path, count: int) -> None:
        self._address, self._key_file, self._count = address, key_file, count
        self._arrived: dict[str, list[float]] = defaultdict(list)
        self._missing = count * DIRECTIVES
        self._done = asyncio.Event()

    async def measure(self) -> tuple[list[float], list[float]]:
        """Return the seconds of every directive, and of every decision's answer."""
        kinds = {p.LAW.measure(m, p.CLOCK.now().date()).department for m in p.MEASURES}
        regions = ["520000", *(f"52{n:02d}00" for n in range(1, p.PREFECTURES + 1))]
        async with grpc.aio.insecure_channel(self._address) as channel:
            stub = PunishmentServiceStub(channel)
            watches = [asyncio.create_task(self._watch(stub, f"{k}-{r}")) for k in sorted(kinds) for r in regions]
            await asyncio.sleep(1)  # all streams stand before the first decision
            due: list[float] = []
            metadata = p.token(self._key_file, Role.REGULATOR, "decider", p.OFFICE)

            async def decide(number: int) -> None:
                due.append(time.perf_counter())
                await stub.DecideListing(decision_request(f"l{number}"), metadata=metadata)

            answered = await p.open_loop(RATE, self._count, decide)
            await asyncio.wait_for(self._done.wait(), 120)
            for watch in watches:
                watch.cancel()
            await asyncio.gather(*watches, return_exceptions=True)
        return [at - due[n] for n in range(self._count) for at in self._arrived[f"l{n}"]], answered

    async def _watch(self, stub: PunishmentServiceStub, department: str) -> None:
        metadata = p.token(self._key_file, Role.DEPARTMENT, "clerk", department)
        async for message in stub.WatchDirectives(pb.WatchDirectivesRequest(department=department), metadata=metadata):
            now = time.perf_counter()
            for numbered in message.directives:
                self._arrived[Directive.FromString(numbered.directive).listing_id].append(now)
                self._missing -= 1
            if not self._missing:
                self._done.set()
