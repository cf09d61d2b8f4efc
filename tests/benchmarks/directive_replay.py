"""`directive_replay`: how fast a department that joins late reads its whole sequence, proving number and digest of each."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
import psycopg
from merchantcredit.credit.v1 import punishment_service_pb2 as pb
from merchantcredit.credit.v1.punishment_service_pb2_grpc import PunishmentServiceStub
from merchantcredit.events.v1 import directive_pb2 as events

from services.common.auth.actor import Role
from services.common.auth.tokens import make_key
from services.credit.domain.punishment.chain import GENESIS, next_digest
from tests.benchmarks import punishing as p
from tests.benchmarks.fresh import fresh_database, settle
from tests.benchmarks.harness import Outcome, Scale, benchmark

DIRECTIVES = 1_000_000
RATE = 20_000.0
DEPARTMENT = "finance-520000"


@benchmark("directive_replay", unit="directives/s", to="the 20,000 a second that a late department must get")
def directive_replay(scale: Scale) -> Outcome:
    """Fill one department's sequence, then read it through the service from its beginning."""
    with fresh_database() as dsn, TemporaryDirectory() as folder:
        key_file = Path(folder) / "key.pem"
        make_key(key_file)
        count = scale.of(DIRECTIVES)
        _fill(dsn, count)
        settle(dsn)
        with p.running(dsn, key_file) as address:
            metadata = p.token(key_file, Role.DEPARTMENT, "clerk", DEPARTMENT)
            return Outcome(count / asyncio.run(_read(address, metadata, count)), RATE)


def _fill(dsn: str, count: int) -> None:
    digest = GENESIS
    with psycopg.connect(dsn) as conn:
        with conn.cursor().copy(
            "COPY credit.department_directive (department, number, digest, directive, directive_id) FROM STDIN (FORMAT BINARY)"
        ) as copy:
            copy.set_types(["text", "int8", "bytea", "bytea", "text"])
            for number, directive_id, content in _directives(count):
                digest = next_digest(digest, number, content)
                copy.write_row((DEPARTMENT, number, digest, content, directive_id))
        conn.execute("INSERT INTO credit.department_feed VALUES (%s, %s, %s)", [DEPARTMENT, count, digest])


def _directives(count: int) -> Iterator[tuple[int, str, bytes]]:
    for number, code in enumerate(p.codes(count), 1):
        directive_id = f"l{number}:limit-procurement:{DEPARTMENT}"
        content = events.Directive(
            directive_id=directive_id, action=events.DIRECTIVE_ACTION_APPLY, credit_code=code,
            measure_id="limit-procurement", content="在一定期限内不得参加政府采购活动",
            legal_basis="政府采购法 第22条第1款第5项、第77条", listing_id=f"l{number}", document_number="黔市监处〔2026〕1号",
            office=p.OFFICE, ordered_on="2026-06-15", until="2029-06-15", answer_due_on="2026-06-30",
        )  # fmt: skip
        yield number, directive_id, content.SerializeToString()


async def _read(address: str, metadata: Sequence[tuple[str, str]], count: int) -> float:
    """Return the seconds to the end of the sequence; each number and digest is proven on the way."""
    async with grpc.aio.insecure_channel(address) as channel:
        request = pb.WatchDirectivesRequest(department=DEPARTMENT)
        began, last, digest = time.perf_counter(), 0, GENESIS
        async for message in PunishmentServiceStub(channel).WatchDirectives(request, metadata=metadata):
            for one in message.directives:
                last, digest = last + 1, next_digest(digest, last + 1, one.directive)
                assert (one.number, one.digest) == (last, digest), f"the sequence breaks at {one.number}"
            if last == count:
                return time.perf_counter() - began
    raise AssertionError("the stream ended")
