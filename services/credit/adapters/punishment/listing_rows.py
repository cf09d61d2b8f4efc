"""Between rows and listings: a listing is read from its steps, the row beside them only serves queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from services.credit.domain.publicity import Severity
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.listing import Listing, fold
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import EndReason, StepKind

_STEP = (
    "kind, day, actor, office, document_number, reasons, rights, fact_ids, measure_ids, approver, approval_office,"
    " approval_document, end_reason, until, next_on"
)
_ADD_STEP = f"""
INSERT INTO credit.listing_step (listing_id, ordinal, recorded_at, {_STEP})
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def read_listings(
    conn: Connection, law: Law, listing_ids: Sequence[str], known_at: datetime | None = None
) -> dict[str, Listing]:
    """Return listings from their steps, as they were known at a moment; those that were not there yet are left out."""
    openings = conn.execute(
        "SELECT listing_id, code, list_id, trigger_id, severity FROM credit.listing WHERE listing_id = ANY(%s)",
        [list(listing_ids)],
    ).fetchall()
    steps = read_steps(conn, listing_ids, known_at)
    return {row[0]: _read(row, steps[row[0]], law) for row in openings if row[0] in steps}


def read_steps(
    conn: Connection, listing_ids: Sequence[str], known_at: datetime | None = None
) -> dict[str, list[tuple[Step, datetime]]]:
    """Return the steps of listings, oldest first, each with when it was recorded."""
    found: dict[str, list[tuple[Step, datetime]]] = {}
    cursor = conn.cursor(row_factory=dict_row)
    for row in cursor.execute(
        f"SELECT listing_id, recorded_at, {_STEP} FROM credit.listing_step"
        " WHERE listing_id = ANY(%s) AND (%s::timestamptz IS NULL OR recorded_at <= %s) ORDER BY listing_id, ordinal",
        [list(listing_ids), known_at, known_at],
    ):
        found.setdefault(row.pop("listing_id"), []).append(_step(row))
    return found


def write_listing(conn: Connection, listing: Listing, steps: Sequence[Step], at: datetime) -> None:
    """Write where a listing stands and append its newest steps."""
    conn.execute(
        "UPDATE credit.listing SET state = %s, due_on = %s, until = %s, is_objected = %s WHERE listing_id = %s",
        [listing.state, listing.due.day if listing.due else None, listing.until,
         listing.objection_due is not None, listing.listing_id],
    )  # fmt: skip
    first = len(listing.steps) - len(steps)
    with conn.cursor() as cursor:
        cursor.executemany(
            _ADD_STEP,
            [(listing.listing_id, first + n, at, *_values(step)) for n, step in enumerate(steps)],
        )


def _read(row: Sequence[Any], steps: Sequence[tuple[Step, datetime]], law: Law) -> Listing:
    opening = _opening(row)
    return fold(opening, [step for step, _ in steps], lambda day: law.list_row(opening.list_id, day))[0]


def _opening(row: Sequence[Any]) -> Listing:
    listing_id, code, list_id, trigger_id, severity = row
    return Listing(
        listing_id=listing_id, code=code, list_id=list_id, trigger_id=trigger_id, severity=Severity(severity)
    )


def _step(row: dict[str, Any]) -> tuple[Step, datetime]:
    recorded_at = row.pop("recorded_at")
    end_reason = row["end_reason"]
    row |= {
        "kind": StepKind(row["kind"]),
        "end_reason": None if end_reason is None else EndReason(end_reason),
        "fact_ids": tuple(row["fact_ids"]),
        "measure_ids": tuple(row["measure_ids"]),
    }
    return Step(**row), recorded_at


def _values(step: Step) -> tuple[Any, ...]:
    return tuple(
        list(value) if isinstance(value := getattr(step, name.strip()), tuple) else value for name in _STEP.split(",")
    )
