"""Reads the law's rows from their TOML; a missing or unknown word is an error at the start, not in a decision."""

import tomllib
from collections.abc import Mapping
from typing import Any

from services.common.errors import FieldViolation, InvalidInput
from services.credit.domain.publicity import Severity
from services.credit.domain.punishment.law import Basis, Law, ListRule, Measure, Succession
from services.credit.domain.punishment.office import Level
from services.credit.domain.punishment.terms import EndReason, MeasureKind, Nature, Purpose
from services.credit.domain.punishment.trigger import Watch

_DAYS = ("notify_days", "hearing_days", "decide_days", "objection_days", "repair_days", "term_months")


def read_law(lists: str, measures: str, departments: str) -> Law:
    """Return the law of three files; raises InvalidInput naming what is missing or unknown."""
    try:
        kinds, catalogue = tomllib.loads(departments), tomllib.loads(measures)
        law = Law(
            lists=tuple(_list(row) for row in tomllib.loads(lists)["list"]),
            measures=tuple(_measure(row) for row in catalogue["measure"]),
            kinds=kinds["kinds"],
            successions=tuple(Succession(**row) for row in kinds.get("successor", [])),
            answer_days=catalogue["answer_days"],
            remind_days=catalogue["remind_days"],
            most_reminders=catalogue["most_reminders"],
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise _invalid(f"the law's data cannot be read: {error!r}") from error
    _check(law)
    return law


def _list(row: Mapping[str, Any]) -> ListRule:
    approval = row["needs_approval_below"]
    return ListRule(
        list_id=row["id"],
        title=row["title"],
        nature=Nature(row["nature"]),
        basis=_basis(row),
        triggers={trigger["id"]: trigger["basis"] for trigger in row["trigger"]},
        decided_by=row["decided_by"],
        needs_approval_below=None if approval == "none" else Level[approval.upper()],
        needs_notice=row["needs_notice"],
        needs_grave_and_heavy=row.get("needs_grave_and_heavy", False),
        lowers_grade=row.get("lowers_grade", False),
        exits=frozenset(EndReason[name] for name in row["exits"]),
        early_removal_months=row.get("early_removal_months", 0),
        repair_after_months={Severity[name]: months for name, months in row["repair_after_months"].items()},
        watches={
            trigger["id"]: Watch(trigger["proposes_after_penalties"], trigger["within_months"])
            for trigger in row["trigger"]
            if "proposes_after_penalties" in trigger
        },
        **{name: int(row[name]) for name in _DAYS},
    )


def _measure(row: Mapping[str, Any]) -> Measure:
    return Measure(
        measure_id=row["id"],
        kind=MeasureKind[row["kind"]],
        title=row["title"],
        content=row["content"],
        binds=row["binds"],
        department=row["department"],
        levels=tuple(Level[name.upper()] for name in row["levels"]),
        follows=frozenset(row["follows"]),
        severities=frozenset(Severity[name] for name in row["severities"]),
        relevant_to=frozenset(row["relevant_to"]),
        purposes=tuple(Purpose[name] for name in row["purposes"]),
        spares_first_and_light=row["spares_first_and_light"],
        basis=_basis(row),
    )


def _basis(row: Mapping[str, Any]) -> Basis:
    if not row["basis"].strip():
        raise ValueError(f"{row['id']} has no basis")
    return Basis(
        citation=row["basis"], effective_from=row["effective_from"], effective_until=row.get("effective_until")
    )


def _check(law: Law) -> None:
    """Raise InvalidInput when a measure names a list or a kind of department that does not exist."""
    lists = {rule.list_id for rule in law.lists}
    for measure in law.measures:
        if not measure.follows <= lists:
            raise _invalid(f"{measure.measure_id} follows lists that do not exist: {sorted(measure.follows - lists)}")
        if measure.department not in law.kinds:
            raise _invalid(f"{measure.measure_id} names no kind of department: {measure.department}")


def _invalid(description: str) -> InvalidInput:
    return InvalidInput(description, violations=(FieldViolation(field="punishment_law", description=description),))
