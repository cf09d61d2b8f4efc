"""Between rows and listings: a listing is read from its steps, the row beside them only serves queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.rows import dict_row

from services.credit.domain.publicity import Severity
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.listing import Listing, fold
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import EndReason, StepKind


class ListingView(NamedTuple):
    """A listing, and when each of its steps was recorded."""

    listing: Listing
    recorded: Sequence[datetime]


class Enterprise(NamedTuple):
    """A locked enterprise: its registration as stored, and the row of the enterprise that it was merged into."""

    registration: Any
    root_id: int | None


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
    return {listing_id: view.listing for listing_id, view in read_views(conn, law, listing_ids, known_at).items()}


def read_views(
    conn: Connection, law: Law, listing_ids: Sequence[str], known_at: datetime | None = None
) -> dict[str, ListingView]:
    """Return listings, each with when its steps were recorded; see `read_listings`."""
    if not listing_ids:
        return {}
    openings = conn.execute(
        "SELECT listing_id, code, list_id, trigger_id, severity FROM credit.listing WHERE listing_id = ANY(%s)",
        [list(listing_ids)],
    ).fetchall()
    steps = read_steps(conn, listing_ids, known_at)
    return {
        row[0]: ListingView(_read(row, steps[row[0]], law), [at for _, at in steps[row[0]]])
        for row in openings
        if row[0] in steps
    }


def read_locked(conn: Connection, law: Law, listing_id: str) -> tuple[ListingView, Enterprise] | None:
    """Lock a listing's enterprise, then read the listing; return it with the enterprise."""
    row = conn.execute(
        "SELECT l.listing_id, l.code, l.list_id, l.trigger_id, l.severity, s.registration, s.root_id FROM credit.listing AS l"
        " JOIN credit.subject AS s USING (code) WHERE l.listing_id = %s FOR UPDATE OF s",
        [listing_id],
    ).fetchone()
    if row is None:
        return None
    steps = read_steps(conn, [listing_id])[listing_id]  # after the lock: nobody can add one
    return ListingView(_read(row[:5], steps, law), [at for _, at in steps]), Enterprise(*row[5:])


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
