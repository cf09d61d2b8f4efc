"""A published listing as a fact of the enterprise's credit: decided elsewhere by persons, taken here as it was told."""

from datetime import date
from typing import NamedTuple


class Listed(NamedTuple):
    """A listing: its first day, the first day on which it no longer holds, and what the record shows of it.

    `lowers` tells whether the list's own law brings the grade down to the lowest; `repair_on` is the first day for a repair,
    None when the list knows none; `revision` counts the steps of the procedure, the last of which gives the effective value.
    """

    code: str
    listing_id: str
    list_id: str
    title: str
    since: date
    until: date | None
    revoked: bool
    objected: bool
    lowers: bool
    repair_on: date | None
    document_number: str
    office: str
    legal_basis: str
    revision: int

    @property
    def stands(self) -> bool:
        """Tell whether it holds on any day at all: not annulled, nor ended on its first day."""
        return not self.revoked and (self.until is None or self.since < self.until)

    def holds_on(self, day: date) -> bool:
        """Tell whether it holds on a day."""
        return self.stands and self.since <= day and (self.until is None or day < self.until)


class Entry(NamedTuple):
    """A listing in a subject's state; ordered by day, then id."""

    since: date
    fact_id: str
    version: int
    listed: Listed


def restore(row: list[object]) -> Entry:
    """Return an entry from plain values, days as ISO texts."""
    since, fact_id, version, values = row
    listed = Listed._make(values)  # type: ignore[arg-type]
    return Entry(
        date.fromisoformat(str(since)),
        str(fact_id),
        int(str(version)),
        listed._replace(
            since=date.fromisoformat(str(since)), until=_day(listed.until), repair_on=_day(listed.repair_on)
        ),
    )


def _day(text: object) -> date | None:
    return date.fromisoformat(str(text)) if text else None
