"""The law of joint punishment as versioned rows: lists with their procedure, measures with their basis, departments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.common.errors import FieldViolation, InvalidInput, PreconditionFailed
from services.credit.domain.publicity import Severity
from services.credit.domain.punishment.office import Level, Office, region_at
from services.credit.domain.punishment.terms import EndReason, MeasureKind, Nature, Purpose
from services.credit.domain.punishment.trigger import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """A legal basis: its citation, its first day, and the first day on which it is no longer in force, if any."""

    citation: str
    effective_from: date
    effective_until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Tell whether it is in force on a day."""
        return self.effective_from <= day and (self.effective_until is None or day < self.effective_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRule:
    """One list: who decides, which steps it needs and in how many working days, its term and its ways out."""

    list_id: str
    title: str
    nature: Nature
    basis: Basis
    triggers: Mapping[str, str]
    decided_by: str
    needs_approval_below: Level | None
    needs_notice: bool
    needs_grave_and_heavy: bool
    lowers_grade: bool
    notify_days: int
    hearing_days: int
    decide_days: int
    objection_days: int
    repair_days: int
    term_months: int
    exits: frozenset[EndReason]
    early_removal_months: int
    repair_after_months: Mapping[Severity, int]
    watches: Mapping[str, Watch]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure of the catalogue; empty sets of severities or triggers mean all."""

    measure_id: str
    kind: MeasureKind
    title: str
    content: str
    binds: str
    department: str
    levels: tuple[Level, ...]
    follows: frozenset[str]
    severities: frozenset[Severity]
    relevant_to: frozenset[str]
    purposes: tuple[Purpose, ...]
    spares_first_and_light: bool
    basis: Basis

    @property
    def passes_on(self) -> bool:
        """Tell whether it also binds who the enterprise is merged into.

        What weighs on it does, as its debts do (Company Law 2023 art. 221), until its office ends the listing; an incentive was
        earned by who is no more.
        """
        return self.kind is not MeasureKind.INCENTIVE

    def departments(self, region: str) -> tuple[Office, ...]:
        """Return the departments that are responsible for an enterprise of a region, one a level.

        An enterprise that the province itself registered lies in no prefecture: its department is the province's, once.
        """
        return tuple(dict.fromkeys(Office(self.department, region_at(region, level)) for level in self.levels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """A department that was merged into another on a day."""

    of: str
    by: str
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """All rows; `answer_days` and what follows are the working days for a department's answer and its reminders."""

    lists: tuple[ListRule, ...]
    measures: tuple[Measure, ...]
    kinds: Mapping[str, str]
    successions: tuple[Succession, ...]
    answer_days: int
    remind_days: int
    most_reminders: int

    def list_rule(self, list_id: str, day: date) -> ListRule:
        """Return a list as it is in force on a day; raises InvalidInput for an unknown one, PreconditionFailed outside its time."""
        rows = [rule for rule in self.lists if rule.list_id == list_id]
        if not rows:
            raise _unknown("list_id", list_id, sorted({rule.list_id for rule in self.lists}))
        found = next((rule for rule in rows if rule.basis.holds_on(day)), None)
        if found is None:
            raise PreconditionFailed(
                f"list_id: the basis of {list_id} is not in force on {day}: {rows[-1].basis.citation}"
            )
        return found

    def list_row(self, list_id: str, day: date) -> ListRule:
        """Return the row of a list for a day, the newest when none is in force: what began under it ends by it."""
        rows = [rule for rule in self.lists if rule.list_id == list_id]
        return next((rule for rule in rows if rule.basis.holds_on(day)), rows[-1])

    def measure(self, measure_id: str, day: date) -> Measure:
        """Return a measure as it stands on a day, the newest row when none is in force; raises InvalidInput for an unknown one."""
        rows = [one for one in self.measures if one.measure_id == measure_id]
        if not rows:
            raise _unknown("measure_ids", measure_id, sorted({one.measure_id for one in self.measures}))
        return next((one for one in rows if one.basis.holds_on(day)), rows[-1])

    def watches(self, day: date) -> list[tuple[ListRule, str, Watch]]:
        """Return the triggers that the system itself watches on a day, each with its list."""
        return [
            (rule, trigger_id, watch)
            for rule in self.lists
            if rule.basis.holds_on(day)
            for trigger_id, watch in rule.watches.items()
        ]

    def lists_without_basis(self, day: date) -> list[str]:
        """Return the lists of which no row is in force on a day."""
        return sorted({r.list_id for r in self.lists} - {r.list_id for r in self.lists if r.basis.holds_on(day)})

    def measures_without_basis(self, day: date) -> list[str]:
        """Return the measures of which no row is in force on a day."""
        return sorted(
            {m.measure_id for m in self.measures} - {m.measure_id for m in self.measures if m.basis.holds_on(day)}
        )

    def measures_with_an_end(self, day: date) -> list[str]:
        """Return the measures of which some row is not in force on a day: what was ordered under that row ended with it."""
        return sorted({m.measure_id for m in self.measures if not m.basis.holds_on(day)})

    def predecessors(self, department: str, day: date) -> list[str]:
        """Return a department and those whose tasks it has on a day."""
        return sorted({department, *(s.of for s in self.successions if self.successor(s.of, day) == department)})

    def successor(self, department: str, day: date) -> str:
        """Return who has the tasks of a department on a day: itself, or who it was merged into, and so on."""
        seen = {department}
        while True:
            found = next((s.by for s in self.successions if s.of == department and s.since <= day), department)
            if found in seen:
                return department
            seen.add(found)
            department = found


def _unknown(field: str, value: str, known: list[str]) -> InvalidInput:
    description = f"{value[:60]!r} is not in the law's data: use one of {', '.join(known)}"
    return InvalidInput(f"{field}: {description}", violations=(FieldViolation(field=field, description=description),))
