"""Shadow scores in PostgreSQL: whole columns as one binary COPY, some fifty times faster than row by row."""

from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from services.credit.domain.policy import Policy
from services.credit.domain.population import Ints
from services.credit.domain.scorer import RULES, Scores

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_COPY = "COPY credit.shadow_score (run, subject_id, grade, score, amounts) FROM STDIN (FORMAT BINARY)"
_INT8_OID = 20
#: A row of the binary format: the number of fields, then each with its length before it; -1 is NULL.
_KEY = [
    ("fields", ">i2"),
    ("l1", ">i4"),
    ("run", ">i8"),
    ("l2", ">i4"),
    ("subject", ">i8"),
    ("l3", ">i4"),
    ("grade", ">i2"),
]
_UNRATED = np.dtype([*_KEY, ("l4", ">i4"), ("l5", ">i4")])
_AMOUNT = np.dtype([("length", ">i4"), ("value", ">i8")])
_RATED = np.dtype(
    [*_KEY, ("l4", ">i4"), ("score", ">i8"), ("l5", ">i4"), ("head", ">i4", 5), ("amounts", _AMOUNT, len(RULES))]
)


class PostgresShadow:
    """Writes the scores of one run of a shadow, inside the caller's transaction."""

    def __init__(self, conn: Connection[Any], run: int) -> None:
        self._conn = conn
        self._run = run

    def write(self, policy: Policy, day: date, subjects: list[int], scores: Scores, grades: Ints) -> None:  # noqa: ARG002 - the run names both
        """Write scores, grades and amounts by rule; see the port."""
        ids = np.array(subjects, dtype=np.int64)
        rated = _rated(self._run, ids, scores, grades)
        unrated = _keys(_UNRATED, self._run, ids[~scores.rated], grades[~scores.rated])
        unrated["l4"] = unrated["l5"] = -1
        with self._conn.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.write(b"".join((_HEADER, rated.tobytes(), unrated.tobytes(), _TRAILER)))


def begin(conn: Connection[Any], policy: Policy, day: date, position: int) -> int:
    """Note a run of a policy and return its number."""
    row = conn.execute(
        "INSERT INTO credit.shadow_run (policy_version, policy_digest, day, position) VALUES (%s, %s, %s, %s) RETURNING id",
        [policy.version, policy.digest, day, position],
    ).fetchone()
    if row is None:
        raise LookupError("a run without a number")
    return int(row[0])


def _rated(run: int, ids: Ints, scores: Scores, grades: Ints) -> Any:
    mask = scores.rated
    rows = _keys(_RATED, run, ids[mask], grades[mask])
    rows["l4"], rows["score"] = 8, scores.score[mask]
    rows["l5"] = 20 + _AMOUNT.itemsize * len(RULES)
    rows["head"] = (1, 0, _INT8_OID, len(RULES), 1)
    rows["amounts"]["length"], rows["amounts"]["value"] = 8, scores.lines[:, mask].T
    return rows


def _keys(dtype: Any, run: int, ids: Ints, grades: Ints) -> Any:
    rows = np.zeros(len(ids), dtype=dtype)
    rows["fields"], rows["l1"], rows["l2"], rows["l3"] = 5, 8, 8, 2
    rows["run"], rows["subject"], rows["grade"] = run, ids, grades
    return rows
