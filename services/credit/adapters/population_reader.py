"""The population as columns, a chunk at a time, from the states of all subjects in one snapshot."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import orjson
from psycopg import Connection

from services.common.kernel.day import month_index
from services.credit.application.backtest import Chunk
from services.credit.domain.population import UNKNOWN_MONTH, assemble

SIZE = 20_000
_SUBJECTS = "SELECT id, code, known, cells || shared, registration, root_id FROM credit.subject ORDER BY id"
#: Where a registration's row has them.
_TYPE, _REGION, _ESTABLISHED, _STATUS = 2, 3, 6, 7
_NOBODY = ("", "", "", "", "", "", None, 0, None, 0)


def position(conn: Connection[Any]) -> int:
    """Return how far the ledger has been read: how many accounts it holds."""
    row = conn.execute("SELECT count(*) FROM credit.assertion").fetchone()
    return int(row[0]) if row else 0


def chunks(conn: Connection[Any]) -> Iterator[tuple[list[int], Chunk]]:
    """Yield all subjects, registered or not, with their ids."""
    with conn.cursor(name="population", binary=True) as cursor:
        cursor.itersize = SIZE
        members = _members(conn)
        cursor.execute(_SUBJECTS)
        while rows := cursor.fetchmany(SIZE):
            joined = [_joined(row, members) for row in rows] if members else rows
            yield [row[0] for row in rows], _chunk(joined)


def _members(conn: Connection[Any]) -> dict[int, bytes]:
    """Return the cells that count for each root beside its own; they are few."""
    found: dict[int, bytes] = {}
    for root_id, packed in conn.execute("SELECT root_id, cells FROM credit.subject WHERE root_id IS NOT NULL"):
        found[root_id] = found.get(root_id, b"") + packed
    return found


def _joined(row: tuple[Any, ...], members: dict[int, bytes]) -> tuple[Any, ...]:
    """Return a root with the cells of its family, and a merged enterprise with none and unrated."""
    subject_id, code, known, packed, registration, root_id = row
    if root_id is not None:
        return subject_id, code, False, b"", registration, root_id
    return subject_id, code, known, packed + members.get(subject_id, b""), registration, root_id


def _chunk(rows: Sequence[tuple[Any, ...]]) -> Chunk:
    registrations: list[Any] = [orjson.loads(row[4]) or _NOBODY for row in rows]
    established = [_month(registration[_ESTABLISHED]) for registration in registrations]
    population = assemble(
        known=np.array([row[2] for row in rows], dtype=bool),
        listed=np.zeros(len(rows), dtype=bool),
        status=np.array([registration[_STATUS] for registration in registrations], dtype=np.int64),
        established_month=np.array(established, dtype=np.int64),
        blobs=[row[3] for row in rows],
    )
    regions = [registration[_REGION][:4] for registration in registrations]
    return Chunk([row[1] for row in rows], population, regions, [r[_TYPE] for r in registrations])


def _month(text: str | None) -> int:
    return UNKNOWN_MONTH if text is None else month_index(date.fromisoformat(text))
