"""The document that the index keeps of one enterprise: what a hit shows, and each fact with its own end."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


class Fact(NamedTuple):
    """A published fact of the record: its id, and the first day on which it is no longer shown (None: no end)."""

    fact_id: str
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One enterprise as the public may find it; `version` orders the states of the same credit code.

    Attributes:
        credit_code: the unified social credit code; the key.
        name: the registered name as it is written.
        grade: AAA to D, or NR.
        score_millipoints: thousandths of a point; None when not rated.
        region_code: GB/T 2260 code of the domicile; empty when unknown.
        status: the number of the operating status.
        version: the epoch and the revision of the record in one number; a higher one replaces a lower one.
        facts: the published facts; `facts_on` drops those that have ended.
        merged_into: the code that carries its facts since a merger; empty when it was not merged.
    """

    credit_code: str
    name: str
    grade: str
    score_millipoints: int | None
    region_code: str
    status: int
    version: int
    facts: tuple[Fact, ...] = ()
    merged_into: str = ""

    def facts_on(self, day: date) -> tuple[Fact, ...]:
        """Return the facts that are still shown on a day of Asia/Shanghai."""
        return tuple(fact for fact in self.facts if fact.until is None or day < fact.until)
