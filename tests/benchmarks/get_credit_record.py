"""`get_credit_record`: reads a second of public records, against an echo that has the same bytes at hand.

Both are methods of one server with the settings as shipped; the echo answers the same requests from a table in memory.
"""

import asyncio
import multiprocessing
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
import psycopg
import uvloop
from merchantcredit.credit.v1 import credit_service_pb2 as pb

from services.common.auth.actor import Role
from services.common.auth.tokens import Verifier, load_key, make_key
from services.common.clock import FixedClock
from services.common.eventlog.feeds import FeedsEventLog
from services.common.grpc import server
from services.common.grpc.server import Registration
from services.credit import bootstrap as credit
from services.credit.api.raw_record import frame
from services.credit.config import CreditConfig
from tests.benchmarks import workload
from tests.benchmarks.credit_worker import KEY, drain
from tests.benchmarks.fresh import fresh_database, settle
from tests.benchmarks.harness import Outcome, Scale, benchmark

RECORDS = 100_000
CALLS = 30_000
WARM_CALLS = 2_000
IN_FLIGHT = 32
ECHO = "merchantcredit.benchmark.Echo"
READ_METHOD = f"/{credit.SERVICE}/GetCreditRecord"
ECHO_METHOD = f"/{ECHO}/GetCreditRecord"


@benchmark("get_credit_record", unit="reads/s", to="an echo of the same bytes through the same server settings")
def get_credit_record(scale: Scale) -> Outcome:
    """Publish the records, then read them and their echo in turn, uniformly, from another process."""
    with fresh_database() as dsn:
        known = workload.codes(scale.of(RECORDS))
        _publish(dsn, known)
        with _serving(dsn) as address:
            return asyncio.run(_compare(address, known, scale.of(CALLS)))


def _publish(dsn: str, known: list[str]) -> None:
    """Register each merchant and let the worker publish its record, with an event or so each."""
    log = FeedsEventLog(dsn)
    for messages in (workload.registrations(known), workload.events(known, len(known))):
        for chunk in workload.chunks(messages):
            log.publish(chunk)
        drain(dsn, log)
    log.close()
    settle(dsn)


@contextmanager
def _serving(dsn: str) -> Iterator[str]:
    """Run the server in a process of its own; yield its address."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(dsn, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(dsn: str, said: Connection) -> None:
    uvloop.run(_serving_until_killed(dsn, said))


async def _serving_until_killed(dsn: str, said: Connection) -> None:
    with TemporaryDirectory() as folder:
        key_file = Path(folder) / "tokens.pem"
        make_key(key_file)
        config = CreditConfig(dsn=dsn, complainant_key=KEY)
        services = [credit.serving(config, FixedClock(workload.NOW)), _echo(_all_records(dsn))]
        running = await server.start(services, verifier=Verifier(load_key(key_file)), address="127.0.0.1:0")
    said.send(f"127.0.0.1:{running.port}")
    await running.server.wait_for_termination()  # a server that nobody holds is collected, and stops


def _all_records(dsn: str) -> dict[str, bytes]:
    with psycopg.connect(dsn) as conn, conn.cursor(binary=True) as cursor:
        return {code: frame(record) for code, record in cursor.execute("SELECT code, record FROM credit.public_record")}


def _echo(records: Mapping[str, bytes]) -> Registration:
    """Return a service whose only method answers what GetCreditRecord answers, from memory."""

    async def read(request: pb.GetCreditRecordRequest, _: object) -> bytes:
        return records[request.credit_code]

    handler = grpc.unary_unary_rpc_method_handler(read, pb.GetCreditRecordRequest.FromString, bytes)
    return Registration(
        service_name=ECHO,
        add=lambda made: made.add_registered_method_handlers(ECHO, {"GetCreditRecord": handler}),  # type: ignore[attr-defined]
        access={"GetCreditRecord": frozenset(Role)},
    )


async def _compare(address: str, known: list[str], calls: int) -> Outcome:
    async with grpc.aio.insecure_channel(address) as channel:
        for method in (ECHO_METHOD, READ_METHOD):
            await _rate(channel, method, known, WARM_CALLS)
        echoed = await _rate(channel, ECHO_METHOD, known, calls)
        return Outcome(await _rate(channel, READ_METHOD, known, calls), echoed)


async def _rate(channel: grpc.aio.Channel, method: str, known: list[str], calls: int) -> float:
    """Return the calls a second, so many in flight, each of a merchant drawn uniformly."""
    rng = random.Random(workload.SEED)
    requests = iter(
        [pb.GetCreditRecordRequest(credit_code=rng.choice(known)).SerializeToString() for _ in range(calls)]
    )
    call = channel.unary_unary(method, request_serializer=bytes, response_deserializer=bytes)

    async def ask() -> None:
        for request in requests:
            await call(request)

    began = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(IN_FLIGHT)))
    return calls / (time.perf_counter() - began)
