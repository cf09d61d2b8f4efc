"""A million merchants as their states in the ledger: ten cells each, drawn with one seed, copied in as whole columns."""

import random
from array import array
from collections.abc import Iterator

import orjson
import psycopg

from services.credit.domain.cells import CellKind, key
from tests.benchmarks import workload

MERCHANTS = 1_000_000
FACTS_EACH = 10
_MONTH = 2026 * 12 + 5
_SAMPLES = 5000


def prepare(dsn: str, merchants: int) -> None:
    """Copy registered subjects with cells into the ledger."""
    with psycopg.connect(dsn) as conn, conn.cursor() as cursor:
        statement = "COPY credit.subject (code, known, seq, cells, registration) FROM STDIN (FORMAT BINARY)"
        with cursor.copy(statement) as copy:
            copy.set_types(["text", "bool", "int8", "bytea", "text"])
            for row in _subjects(merchants):
                copy.write_row(row)


def _subjects(merchants: int) -> Iterator[tuple[str, bool, int, bytes, str]]:
    """Yield rows; what differs between merchants is drawn from some thousand samples."""
    rng = random.Random(workload.SEED)
    blobs = [_cells(rng) for _ in range(_SAMPLES)]
    registrations = [_registration(number) for number in range(_SAMPLES)]
    for number, code in enumerate(workload.codes(merchants)):
        yield code, True, FACTS_EACH, blobs[rng.randrange(_SAMPLES)], registrations[number % _SAMPLES]


def _cells(rng: random.Random) -> bytes:
    """Return six cells of cases, three of orders and one penalty."""
    cases = [key(CellKind.CASES, rng.choice((2, 4, 5)), rng.randrange(4), _MONTH - rng.randrange(36)) for _ in range(6)]
    orders = [key(CellKind.ORDERS, 0, 0, _MONTH - n) for n in range(3)]
    penalty = key(CellKind.PENALTIES, rng.choice((1, 2, 3)), 0, workload.NOW.toordinal() - rng.randrange(1000))
    counts = [*((cell, 1) for cell in cases), *((cell, rng.randrange(9000)) for cell in orders), (penalty, 1)]
    return array("q", [number for cell in sorted(counts) for number in cell]).tobytes()


def _registration(number: int) -> str:
    e = workload.enterprise("", number)
    fields = ["", e.name, e.enterprise_type, e.region_code, e.address, e.business_scope, e.established_on, 1, None, 1]
    return orjson.dumps(fields).decode()
