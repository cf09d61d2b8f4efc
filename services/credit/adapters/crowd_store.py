"""The weighing cases of complainants, as they are placed, inside the caller's transaction."""

from collections.abc import Mapping
from datetime import date

from psycopg import Connection

from services.common.db.arrays import columns
from services.common.kernel.day import month_index
from services.credit.domain import cells
from services.credit.domain.crowd import ENOUGH, Crowd

# One look into the index for each complainant, whatever the number of its cases.
_CROWDS = """
SELECT g.n, f.fact_id, f.status, f.response, f.occurred_on, f.judgement
FROM unnest(%b::int[], %b::bigint[], %b::bigint[], %b::int[]) AS g (n, subject_id, complainant, most)
CROSS JOIN LATERAL (
    SELECT fact_id, status, response, occurred_on, judgement FROM credit.fact
    WHERE complainant = g.complainant AND subject_id = g.subject_id AND complainant <> 0 AND weighs LIMIT g.most
) AS f
"""


def crowds(conn: Connection, looked: Mapping[tuple[int, str], int]) -> Mapping[tuple[int, str], Crowd]:
    """Return the weighing cases by (subject, complainant); see the port."""
    wanted = [(n, key[0], complainant_number(key[1]), ENOUGH + more) for n, (key, more) in enumerate(looked.items())]
    found: list[list[tuple[str, int]]] = [[] for _ in wanted]
    with conn.cursor(binary=True) as cursor:
        for n, fact_id, *case in cursor.execute(_CROWDS, columns(("int4", "int8", "int8", "int4"), wanted)):
            found[n].append((fact_id, _cell(*case)))
    return {
        key: Crowd(cases, is_whole=len(cases) < row[3]) for key, row, cases in zip(looked, wanted, found, strict=True)
    }


def _cell(status: int, response: int, received_on: date, judgement: int) -> int:
    return cells.case_key(status, response, month_index(received_on), is_genuine=bool(judgement))


def complainant_number(complainant: str) -> int:
    """Return what a complainant's HMAC is in the fact table: its first 8 bytes; 0 for none.

    Two complainants of one merchant who share them would count as one; by chance that takes billions of them.
    """
    return int.from_bytes(bytes.fromhex(complainant[:16]), "big", signed=True) or 1 if complainant else 0
