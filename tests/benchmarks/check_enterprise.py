"""`check_enterprise`: p99 of the check before acting at 200/s, open loop; each look-up is on disk before its answer."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
import psycopg
from merchantcredit.credit.v1 import punishment_pb2 as model
from merchantcredit.credit.v1 import punishment_service_pb2 as pb
from merchantcredit.credit.v1.punishment_service_pb2_grpc import PunishmentServiceStub

from services.common.auth.actor import Role
from services.common.auth.tokens import make_key
from services.credit.adapters.punishment.postgres_store import PostgresPunishment
from services.credit.application.punishment.decide import decide_listing
from tests.benchmarks import punishing as p
from tests.benchmarks.fresh import fresh_database, settle
from tests.benchmarks.harness import Outcome, Scale, benchmark
from tests.benchmarks.listings import decision

ENTERPRISES = 10_000
LISTED_EACH = 20
RATE = 200
SECONDS = 30
P99_MILLISECONDS = 10.0


@benchmark("check_enterprise", unit="ms", to="the 10 ms that the 99th of 100 checks may take at 200/s")
def check_enterprise(scale: Scale) -> Outcome:
    """Ask about enterprises, one in twenty listed, drawn uniformly; the first seconds only warm up."""
    with fresh_database() as dsn, TemporaryDirectory() as folder:
        key_file = Path(folder) / "key.pem"
        make_key(key_file)
        known = p.codes(scale.of(ENTERPRISES))
        p.register(dsn, known)
        _list(dsn, known[::LISTED_EACH])
        settle(dsn)
        with p.running(dsn, key_file) as address:
            metadata = p.token(key_file, Role.DEPARTMENT, "clerk", "finance-520100")
            took = asyncio.run(_ask(address, metadata, known, scale.of(RATE * SECONDS)))
        with psycopg.connect(dsn) as conn:
            row = conn.execute("SELECT count(*) FROM credit.lookup").fetchone()
        assert row == (len(took) + RATE,), "a look-up was answered that is not recorded"
    return Outcome(p.quantile(took, 0.99), P99_MILLISECONDS, {"median": p.quantile(took, 0.5)})


def _list(dsn: str, listed: Sequence[str]) -> None:
    with psycopg.connect(dsn) as conn:
        for number, code in enumerate(listed):
            p.hear(conn, f"l{number}", code)
            store = PostgresPunishment(conn, p.LAW, p.RECORDS.tell)
            decide_listing(store, p.LAW, *decision(f"l{number}"), p.CLOCK.now())
            conn.commit()


async def _ask(address: str, metadata: Sequence[tuple[str, str]], known: Sequence[str], count: int) -> list[float]:
    rng = random.Random(1)
    async with grpc.aio.insecure_channel(address) as channel:
        stub = PunishmentServiceStub(channel)

        async def ask(_: int) -> None:
            request = pb.CheckEnterpriseRequest(credit_code=rng.choice(known), purpose=model.CHECK_PURPOSE_PROCUREMENT)
            await stub.CheckEnterprise(request, metadata=metadata)

        await p.open_loop(RATE, RATE, ask)
        return await p.open_loop(RATE, count, ask)
