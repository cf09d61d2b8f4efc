"""The weighing cases of complainants, as they are placed, inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import date

from psycopg import Connection

from services.common.db.arrays import array, columns
from services.common.kernel.day import month_index
from services.credit.domain import cells
from services.credit.domain.crowd import ENOUGH, Crowd, together
from services.credit.domain.family import added

# One look into the index for each complainant, whatever the number of its cases.
_CROWDS = """
SELECT g.n, f.fact_id, f.status, f.response, f.occurred_on, f.judgement
FROM unnest(%b::int[], %b::bigint[], %b::bigint[], %b::int[]) AS g (n, subject_id, complainant, most)
CROSS JOIN LATERAL (
    SELECT fact_id, status, response, occurred_on, judgement FROM credit.fact
    WHERE complainant = g.complainant AND subject_id = g.subject_id AND complainant <> 0 AND weighs LIMIT g.most
) AS f
"""


# Whose cases stand with several of some subjects.
_SHARING = """
SELECT DISTINCT subject_id, complainant FROM credit.fact
WHERE subject_id = ANY(%(family)b::bigint[]) AND complainant <> 0 AND weighs AND complainant IN (
    SELECT complainant FROM credit.fact WHERE subject_id = ANY(%(family)b::bigint[]) AND complainant <> 0 AND weighs
    GROUP BY complainant HAVING count(DISTINCT subject_id) > 1
)
"""


def crowds(conn: Connection, looked: Mapping[tuple[int, str], int]) -> Mapping[tuple[int, str], Crowd]:
    """Return the weighing cases by (subject, complainant); see the port."""
    wanted = [(subject_id, complainant_number(one), ENOUGH + more) for (subject_id, one), more in looked.items()]
    return dict(zip(looked, _read(conn, wanted), strict=True))


def shared(conn: Connection, family: Sequence[int]) -> dict[int, int]:
    """Return what complainants of several of some subjects move in the sum of their cells; see the port."""
    sharing = conn.cursor(binary=True).execute(_SHARING, {"family": array("int8", family)}).fetchall()
    by_complainant: dict[int, list[Crowd]] = {}
    for (_, complainant), crowd in zip(sharing, _read(conn, [(*one, ENOUGH) for one in sharing]), strict=True):
        by_complainant.setdefault(complainant, []).append(crowd)
    return added(*map(together, by_complainant.values()))


def _read(conn: Connection, wanted: Sequence[tuple[int, int, int]]) -> list[Crowd]:
    """Return the cases of each (subject, complainant), at most so many."""
    found: list[list[tuple[str, int]]] = [[] for _ in wanted]
    rows = [(n, *one) for n, one in enumerate(wanted)]
    with conn.cursor(binary=True) as cursor:
        for n, fact_id, *case in cursor.execute(_CROWDS, columns(("int4", "int8", "int8", "int4"), rows)):
            found[n].append((fact_id, _cell(*case)))
    return [Crowd(cases, is_whole=len(cases) < most) for (*_, most), cases in zip(wanted, found, strict=True)]


def _cell(status: int, response: int, received_on: date, judgement: int) -> int:
    return cells.case_key(status, response, month_index(received_on), is_genuine=bool(judgement))


def complainant_number(complainant: str) -> int:
    """Return what a complainant's HMAC is in the fact table: its first 8 bytes; 0 for none.

    Two complainants of one merchant who share them would count as one; by chance that takes billions of them.
    """
    return int.from_bytes(bytes.fromhex(complainant[:16]), "big", signed=True) or 1 if complainant else 0
