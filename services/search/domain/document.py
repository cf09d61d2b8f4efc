"""The document that the index keeps of one enterprise: what a hit shows, and no fact, so that none outlives its day there."""

from dataclasses import dataclass


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
        merged_into: the code that carries its facts since a merger; empty when it was not merged.
    """

    credit_code: str
    name: str
    grade: str
    score_millipoints: int | None
    region_code: str
    status: int
    version: int
    merged_into: str = ""
