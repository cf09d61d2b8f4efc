"""Reads subjects of the ledger from their rows, with the families that they count in."""

from collections.abc import Sequence
from typing import Any

import orjson
from psycopg import Connection

from services.common.db.arrays import array
from services.common.kernel.grade import Grade
from services.credit.application.families import settle, view
from services.credit.application.ports import Subject
from services.credit.domain import cells
from services.credit.domain.family import link_of
from services.credit.domain.subject import SubjectState

FIELDS = "id, code, known, seq, cells, detail, registration, grade, root_id, shared, heirs"
_RELATIVES = f"""
SELECT {FIELDS} FROM credit.subject
WHERE (root_id = ANY(%(roots)b::bigint[]) OR id = ANY(%(absent)b::bigint[]) OR code = ANY(%(targets)b::text[]))
  AND NOT id = ANY(%(present)b::bigint[]) ORDER BY id
"""


def read_state(packed: bytes, detail: str, registration: str, shared: bytes = b"") -> SubjectState:
    """Return the state of a subject's row."""
    if not detail:
        return SubjectState()
    state = SubjectState.restore(bytes(packed), {**orjson.loads(detail), "registration": orjson.loads(registration)})
    state.shared = cells.unpack(bytes(shared))
    return state


def read_subjects(conn: Connection, codes: Sequence[str]) -> list[Subject]:
    """Return subjects as their records show them, without a lock; those of unknown codes are left out."""
    subjects = rows_of(conn, codes)
    settle({subject.code: subject for subject in with_relatives(conn, subjects)})
    return [view(subject) for subject in subjects]


def rows_of(conn: Connection, codes: Sequence[str]) -> list[Subject]:
    """Return subjects as their rows are, without a lock and without relatives; those of unknown codes are left out."""
    with conn.cursor(binary=True) as cursor:
        query = f"SELECT {FIELDS} FROM credit.subject WHERE code = ANY(%s::text[]) ORDER BY code"
        return [subject_of(row) for row in cursor.execute(query, [array("text", codes)])]


def read_subject(conn: Connection, code: str) -> Subject | None:
    """Return a subject as its record shows it, without a lock; None when there is none."""
    return next(iter(read_subjects(conn, [code])), None)


def with_relatives(conn: Connection, subjects: Sequence[Subject], lock: str = "") -> list[Subject]:
    """Return subjects and all of their families, however long the links between them are."""
    whole = list(subjects)
    while found := _relatives(conn, whole, lock):
        whole += found
    return whole


def _relatives(conn: Connection, subjects: Sequence[Subject], lock: str = "") -> list[Subject]:
    """Return who belongs to the families of subjects and is not among them; hardly anybody does."""
    present = [subject.subject_id for subject in subjects]
    roots = [subject.root_id or subject.subject_id for subject in subjects]
    given = {
        "roots": array("int8", roots),
        "absent": array("int8", sorted(set(roots) - set(present))),
        "targets": array("text", [link for s in subjects if (link := link_of(s.state.registration))]),
        "present": array("int8", present),
    }
    with conn.cursor(binary=True) as cursor:
        return [subject_of(row) for row in cursor.execute(_RELATIVES + lock, given)]


def subject_of(row: tuple[Any, ...]) -> Subject:
    """Return the subject of a row of FIELDS."""
    subject_id, code, known, seq, packed, detail, registration, grade, root_id, shared, heirs = row
    state = read_state(packed, detail, registration, shared)
    return Subject(subject_id, code, known, seq, state, Grade(grade), root_id=root_id, heirs=tuple(heirs.split()))
