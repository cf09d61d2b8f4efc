"""A million merchants as their states in the ledger, ten facts each, drawn with one seed and copied in as whole columns."""

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

import orjson
import psycopg
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported
from merchantcredit.events.v1.violation_pb2 import ViolationReported
from merchantcredit.events.v1.volume_pb2 import VolumeReported

from services.credit.adapters import bodies
from services.credit.domain import cells
from services.credit.domain.facts import Assertion, Body, Complaint, Penalty, Volume, fact_id, kind_of
from services.credit.domain.folding import fold
from services.credit.domain.subject import SubjectState
from tests.benchmarks import workload

MERCHANTS = 1_000_000
FACTS_EACH = 10
_SAMPLES = 5000
_SOURCE = "//12315.gz"
_SUBJECTS = "COPY credit.subject (code, known, seq, cells, detail, registration) FROM STDIN (FORMAT BINARY)"
_TEXTS = ["text", "bool", "int8", "bytea", "text", "text"]
_ASSERTIONS = """
COPY credit.assertion (fact_id, kind, code, authority, source_time, source, event_id, office, held, recorded_at, body)
FROM STDIN (FORMAT BINARY)
"""
_FACTS = """
INSERT INTO credit.fact (fact_id, subject_id, kind, occurred_on, weighs, status, response, problem_type, complainant)
SELECT a.fact_id, s.id, a.kind, DATE '2026-06-01', true, 0, 0, 0,
       CASE a.kind WHEN 2 THEN hashtextextended(a.fact_id, 0) ELSE 0 END
FROM credit.assertion a JOIN credit.subject s USING (code)
"""


class Sample(NamedTuple):
    """A merchant's facts as bodies and as the ledger keeps them, and what they add up to."""

    told: list[tuple[Body, bytes]]
    packed: bytes
    detail: str


def prepare(dsn: str, merchants: int, *, with_ledger: bool = False) -> None:
    """Copy registered subjects with their states into the ledger, and their accounts too when they are wanted."""
    rng = random.Random(workload.SEED)
    samples = [_sample(rng) for _ in range(_SAMPLES)]
    chosen = [rng.randrange(_SAMPLES) for _ in range(merchants)]
    codes = workload.codes(merchants)
    registrations = [_registration(number) for number in range(_SAMPLES)]
    subjects = (
        (code, True, FACTS_EACH, samples[n].packed, samples[n].detail, registrations[n])
        for code, n in zip(codes, chosen, strict=True)
    )
    with psycopg.connect(dsn) as conn:
        _copy(conn, _SUBJECTS, _TEXTS, subjects)
        if with_ledger:
            types = [
                "text",
                "int2",
                "text",
                "int2",
                "timestamptz",
                "text",
                "text",
                "text",
                "bool",
                "timestamptz",
                "bytea",
            ]
            _copy(conn, _ASSERTIONS, types, _accounts(codes, chosen, samples))
            conn.execute(_FACTS)


def _copy(conn: psycopg.Connection, statement: str, types: list[str], rows: Iterator[tuple[object, ...]]) -> None:
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _accounts(codes: list[str], chosen: list[int], samples: list[Sample]) -> Iterator[tuple[object, ...]]:
    """Yield each merchant's accounts round by round, so that a merchant's are as far apart as years of events make them."""
    for nth in range(FACTS_EACH):
        for number, (code, n) in enumerate(zip(codes, chosen, strict=True)):
            body, kept = samples[n].told[nth]
            event = f"{number}-{nth}"
            yield (
                f"fact:{event}", kind_of(body), code, 2, workload.NOW, _SOURCE, event, "12315", False, workload.NOW, kept,
            )  # fmt: skip


def _sample(rng: random.Random) -> Sample:
    told = [_complaint(rng, n) for n in range(6)] + [_volume(rng, n) for n in range(3)] + [_penalty(rng)]
    state = SubjectState()
    for body, _ in told:
        state.replace(None, fold([Assertion(fact_id(body, _SOURCE), 2, workload.NOW, "", held=False, body=body)]))
    detail = {name: value for name, value in state.to_detail().items() if name != "registration"}
    return Sample(told, cells.pack(state.cells), orjson.dumps(detail, default=list).decode())


def _day(rng: random.Random, days: int) -> date:
    return workload.NOW.date() - timedelta(days=rng.randrange(days))


def _complaint(rng: random.Random, number: int) -> tuple[Complaint, bytes]:
    message = ComplaintReported(
        case_id=f"c{number}-{rng.randrange(10**6)}", credit_code="", kind=1, status=rng.choice([2, 4, 5]),  # type: ignore[arg-type]
        received_on=str(_day(rng, 1000)), response=rng.randrange(4), problem_type=1,  # type: ignore[arg-type]
    )  # fmt: skip
    return _both(message, bodies.complaint)


def _penalty(rng: random.Random) -> tuple[Penalty, bytes]:
    message = ViolationReported(
        document_number=f"{rng.randrange(10**6)}", penalty_kind=2, severity=rng.choice([1, 2, 3]),  # type: ignore[arg-type]
        fine_fen=500_000, decided_on=str(_day(rng, 1000)), conduct_type="虚假宣传", authority_name="贵阳市市场监督管理局",
    )  # fmt: skip
    return _both(message, bodies.penalty)


def _volume(rng: random.Random, number: int) -> tuple[Volume, bytes]:
    message = VolumeReported(platform_code="p1", month=f"2026-0{number + 3}", orders=rng.randrange(9000))
    return _both(message, bodies.volume)


def _both(message: Any, read: Callable[[Any], Any]) -> tuple[Any, bytes]:
    return read(message), message.SerializeToString()


def _registration(number: int) -> str:
    e = workload.enterprise("", number)
    fields = ["", e.name, e.enterprise_type, e.region_code, e.address, e.business_scope, e.established_on, 1, None, 1]
    return orjson.dumps(fields).decode()
