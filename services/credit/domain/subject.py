"""A subject's state: what its facts add up to, kept so that a new event costs the same however long the history is."""

import hashlib
from bisect import insort
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from services.credit.domain import cells, listed
from services.credit.domain.crowd import Crowd
from services.credit.domain.facts import Complaint, ComplaintStatus, Fact, Penalty, Registration
from services.credit.domain.listed import Listed
from services.credit.domain.publicity import window_end

NEWEST = 20
_MODULUS = 1 << 256
_REGISTRATION_DAYS = frozenset({6, 8, 11, 13})


class Case(NamedTuple):
    """A weighing complaint case, as the record shows it; ordered by day, then id."""

    received_on: date
    fact_id: str
    status: int
    response: int
    problem_type: int
    is_genuine: int = 0


class Sanction(NamedTuple):
    """A penalty in the state, with its window; ordered by day, then id."""

    decided_on: date
    fact_id: str
    version: int
    severity: int
    kind: int
    fine_fen: int
    until: date
    is_published: bool
    conduct_type: str
    authority_name: str
    legal_basis: str


class SubjectState:
    """The sums over a subject's facts; `replace` swaps one fact's old value for its new one.

    `crowds` are the cases of the complainants whose facts are about to be replaced, by complainant. They are no part of what
    is kept, so that a state does not grow with its complainants; who folds from nothing needs to load none. `shared` is what
    a complainant of several enterprises of a family moves in its cells (family.py); only the one that goes on has any.
    """

    __slots__ = (
        "case_count",
        "case_digest",
        "cases",
        "cells",
        "crowds",
        "held",
        "listings",
        "open_cases",
        "registration",
        "sanctions",
        "shared",
    )

    def __init__(self) -> None:
        self.registration: Registration | None = None
        self.cells: dict[int, int] = {}
        self.cases: list[Case] = []
        self.case_count = 0
        self.case_digest = 0
        self.sanctions: list[Sanction] = []
        self.listings: list[listed.Entry] = []
        self.open_cases = 0
        self.held: list[str] = []
        self.crowds: dict[str, Crowd] = {}
        self.shared: dict[int, int] = {}

    def copy(self) -> "SubjectState":
        """Return a state of its own with the same facts."""
        other = SubjectState()
        for name in self.__slots__:
            value = getattr(self, name)
            setattr(other, name, value.copy() if isinstance(value, dict | list) else value)
        return other

    @property
    def needs_refill(self) -> bool:
        """Tell whether the newest cases must be read from the ledger again, after one of them was taken away."""
        return len(self.cases) < min(NEWEST, self.case_count)

    def replace(self, old: Fact | None, new: Fact | None) -> None:
        """Subtract a fact's old value and add its new one; either may be absent."""
        if old is not None:
            self._count(old, -1)
        if new is not None:
            self._count(new, +1)

    def refill(self, newest: list[Case]) -> None:
        """Take the newest cases from the ledger."""
        self.cases = sorted(newest)[-NEWEST:]

    def _count(self, fact: Fact, sign: int) -> None:
        filled = cells.cells_of(fact)
        for key, change in self._changes(fact, filled, sign):
            total = self.cells.get(key, 0) + change
            if total:
                self.cells[key] = total
            else:
                del self.cells[key]
        if fact.held:
            self._hold(fact.fact_id, sign)
            return
        match fact.body:
            case Complaint() as body:
                self._count_case(fact, body, sign, weighs=bool(filled))
            case Penalty() as body:
                self._count_sanction(fact, body, sign)
            case Listed() as body:
                self._count_listing(listed.Entry(body.since, fact.fact_id, fact.version, body), sign)
            case Registration() as body:
                self.registration = body if sign > 0 else None
            case _:
                pass  # a volume is only its cells

    def _changes(self, fact: Fact, filled: Sequence[tuple[int, int]], sign: int) -> Iterable[tuple[int, int]]:
        """Return what a fact adds to each cell; one more case can move the others of its complainant."""
        if filled and isinstance(fact.body, Complaint) and fact.body.complainant:
            crowd = self.crowds.get(fact.body.complainant)
            if crowd is None:
                crowd = self.crowds[fact.body.complainant] = Crowd()
            ((cell, _),) = filled
            return [(key, change) for key, change in crowd.replace(fact.fact_id, cell, sign).items() if change]
        return [(key, sign * value) for key, value in filled]

    def _hold(self, fact_id: str, sign: int) -> None:
        if sign > 0:
            insort(self.held, fact_id)
        else:
            self.held.remove(fact_id)

    def _count_case(self, fact: Fact, body: Complaint, sign: int, *, weighs: bool) -> None:
        if body.status == ComplaintStatus.RECEIVED:
            self.open_cases += sign
        if not weighs:
            return
        case = Case(body.received_on, fact.fact_id, body.status, body.response, body.problem_type, int(body.is_genuine))
        is_whole = len(self.cases) == self.case_count
        self.case_count += sign
        self.case_digest = (self.case_digest + sign * evidence_hash(fact.fact_id, fact.version)) % _MODULUS
        if sign < 0:
            self.cases = [kept for kept in self.cases if kept.fact_id != case.fact_id]
        elif is_whole or (self.cases and case > self.cases[0]):
            insort(self.cases, case)
            del self.cases[:-NEWEST]

    def _count_sanction(self, fact: Fact, body: Penalty, sign: int) -> None:
        if body.revoked:
            return
        severity = body.severity_class
        sanction = Sanction(
            body.decided_on, fact.fact_id, fact.version, severity, body.kind, body.fine_fen or 0,
            window_end(severity, body.decided_on), body.is_published,
            body.conduct_type, body.authority_name, body.legal_basis,
        )  # fmt: skip
        if sign > 0:
            insort(self.sanctions, sanction)
        else:
            self.sanctions.remove(sanction)

    def _count_listing(self, entry: listed.Entry, sign: int) -> None:
        if not entry.listed.stands:
            return
        if sign > 0:
            insort(self.listings, entry)
        else:
            self.listings.remove(entry)

    def to_detail(self) -> dict[str, Any]:
        """Return all but the cells as plain values, the same for the same facts."""
        detail = {
            "registration": self.registration,
            "cases": self.cases,
            "case_count": self.case_count,
            "case_digest": f"{self.case_digest:x}",
            "sanctions": self.sanctions,
            "open_cases": self.open_cases,
            "held": self.held,
        }
        return {**detail, "listings": self.listings} if self.listings else detail  # hardly anybody is listed

    @classmethod
    def restore(cls, packed: bytes, detail: dict[str, Any]) -> "SubjectState":
        """Return the state of packed cells and plain values."""
        state = cls()
        state.cells = cells.unpack(packed)
        state.registration = _registration(detail["registration"])
        state.cases = [Case(date.fromisoformat(row[0]), *row[1:]) for row in detail["cases"]]
        state.case_count = detail["case_count"]
        state.case_digest = int(detail["case_digest"], 16)
        state.sanctions = [
            Sanction._make((date.fromisoformat(row[0]), *row[1:6], date.fromisoformat(row[6]), *row[7:]))
            for row in detail["sanctions"]
        ]
        state.open_cases = detail["open_cases"]
        state.held = detail["held"]
        state.listings = [listed.restore(row) for row in detail.get("listings", [])]
        return state


def _registration(row: list[Any] | None) -> Registration | None:
    if row is None:
        return None
    values: list[Any] = [
        date.fromisoformat(value) if value and i in _REGISTRATION_DAYS else value for i, value in enumerate(row)
    ]
    return Registration(*values)


@lru_cache(maxsize=8192)
def evidence_hash(fact_id: str, version: int) -> int:
    """Return SHA-256 of (fact id, version) as an integer; digests are sums of these modulo 2^256."""
    return int.from_bytes(hashlib.sha256(f"{fact_id}\n{version}".encode()).digest(), "big")


def digest_of(evidence: Sequence[Sanction | listed.Entry]) -> int:
    """Return the evidence digest of some sanctions or listings."""
    return sum(evidence_hash(one.fact_id, one.version) for one in evidence) % _MODULUS
