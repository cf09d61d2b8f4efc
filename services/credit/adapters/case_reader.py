"""Reads complaint cases from the ledger: each folded from all its accounts, as it stands now."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from psycopg import Connection

from services.common.db.pool import Pool
from services.common.errors import NotFound
from services.credit.adapters import bodies
from services.credit.adapters.subject_rows import read_state
from services.credit.domain.cases.case import Case
from services.credit.domain.cases.states import CaseKind
from services.credit.domain.facts import Assertion, Complaint, Fact, FactKind
from services.credit.domain.folding import fold

_ACCOUNTS = """
SELECT fact_id, authority, source_time, event_id, held, kind, body, source FROM credit.assertion
WHERE fact_id = ANY(%s) AND retracted_at IS NULL
"""
_AFTER = """
SELECT f.fact_id FROM credit.fact f JOIN credit.subject s ON s.id = f.subject_id
WHERE f.kind = %(kind)s AND f.fact_id > %(after)s AND (%(code)s = '' OR s.code = %(code)s)
ORDER BY f.fact_id LIMIT %(limit)s
"""
_RECEIVED = """
SELECT f.fact_id FROM credit.fact f JOIN credit.subject s ON s.id = f.subject_id
WHERE f.kind = %(kind)s AND f.occurred_on >= %(first)s AND f.occurred_on < %(end)s
  AND (%(code)s = '' OR s.code = %(code)s) AND (s.known AND f.weighs OR NOT %(published)s)
"""
_CHUNK = 2000


class Filed(NamedTuple):
    """A case of the ledger: its fact id, the source whose case it is, what was told last, and its life."""

    complaint_id: str
    source: str
    body: Complaint
    case: Case


class CaseReader:
    """Reads cases; what it returns is folded from every account that has been applied."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def get(self, complaint_id: str) -> Filed:
        """Return a case; raises NotFound."""
        with self._pool.connection() as conn:
            for found in read_cases(conn, [complaint_id]):
                return found
        raise NotFound(
            f"there is no complaint {complaint_id[:200]!r}",
            metadata={"resource_type": "Complaint", "resource_name": complaint_id[:300]},
        )

    def many(self, ids: Sequence[str]) -> list[Filed]:
        """Return cases in the order of the ids that are given."""
        with self._pool.connection() as conn:
            return list(read_cases(conn, ids))

    def after(self, complaint_id: str, *, code: str, limit: int) -> list[Filed]:
        """Return the cases that follow in the order of their ids, of one merchant or of all."""
        given = {"kind": FactKind.COMPLAINT, "after": complaint_id, "code": code, "limit": limit}
        with self._pool.connection() as conn:
            return list(read_cases(conn, [row[0] for row in conn.execute(_AFTER, given)]))

    def received(self, first: date, end: date, *, code: str, only_published: bool = False) -> Iterator[Filed]:
        """Yield the cases received from a day to before another; of published ones only disputes that weigh."""
        given = {"kind": FactKind.COMPLAINT, "first": first, "end": end, "code": code, "published": only_published}
        with self._pool.connection() as conn:
            ids = [row[0] for row in conn.execute(_RECEIVED, given)]
            for start in range(0, len(ids), _CHUNK):
                for one in read_cases(conn, ids[start : start + _CHUNK]):
                    if not only_published or one.case.kind is CaseKind.DISPUTE:
                        yield one

    def regions(self, codes: Sequence[str]) -> dict[str, str]:
        """Return the region of the domicile of each merchant; absent where the registration is not known."""
        with self._pool.connection() as conn:
            rows = conn.execute(
                "SELECT code, cells, detail, registration FROM credit.subject WHERE code = ANY(%s)", [list(codes)]
            ).fetchall()
        states = {code: read_state(cells, detail, registration) for code, cells, detail, registration in rows}
        return {code: state.registration.region_code for code, state in states.items() if state.registration}


def read_cases(conn: Connection, ids: Sequence[str]) -> Iterator[Filed]:
    """Yield cases in the order of the ids that are given; those that are not on file are left out."""
    told: dict[str, list[tuple[Assertion, str]]] = defaultdict(list)
    for fact_id, authority, time, event_id, held, kind, body, source in conn.execute(_ACCOUNTS, [list(ids)]):
        if kind == FactKind.COMPLAINT:
            assertion = Assertion(fact_id, authority, time, event_id, held, bodies.from_ledger(kind, body))
            told[fact_id].append((assertion, source))
    for fact_id in ids:
        fact = fold(assertion for assertion, _ in told[fact_id])
        if fact is not None:
            yield _as_filed(fact, told[fact_id])


def _as_filed(fact: Fact, told: Sequence[tuple[Assertion, str]]) -> Filed:
    body, case = fact.body, fact.case
    if not isinstance(body, Complaint) or case is None:
        raise TypeError(f"{fact.fact_id} is no complaint")
    own = next(
        (
            source
            for assertion, source in told
            if isinstance(assertion.body, Complaint) and not assertion.body.case_source
        ),
        body.case_source,
    )
    return Filed(fact.fact_id, own, body, case)
