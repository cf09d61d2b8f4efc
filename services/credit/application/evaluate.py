"""Evaluates a policy on a population of which the outcomes are known: what it says on a day against what came after."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np

from services.common.kernel.day import month_index
from services.common.kernel.grade import Grade
from services.credit.domain import cells, population, scorer
from services.credit.domain.evaluation import Comparison, GradeOutcome, by_class, by_grade, compare, decayed
from services.credit.domain.evaluation_mapping import EvaluationMapping, Kind, Row, Rule, Table
from services.credit.domain.facts import Fact, OperatingStatus, Registration
from services.credit.domain.policy import Policy
from services.credit.domain.population import Entry
from services.credit.domain.rating import grade_of, month_end_before


class RowFile(NamedTuple):
    """A file of rows: its columns, and the rows, read once."""

    columns: Sequence[str]
    rows: Iterable[Row]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation found; the policy is named by version and by the SHA-256 of its file."""

    policy_version: str
    policy_digest: str
    title: str
    as_of: date
    subjects: int
    positive: int
    facts: int
    comparison: Comparison
    grades: Sequence[GradeOutcome]
    classes: Sequence[GradeOutcome]


@dataclass(slots=True)
class _Subject:
    """What is known of a subject before the day, and what came from then on."""

    seen_since: date | None = None
    cells: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    naive: float = 0.0
    facts: int = 0
    outcome: tuple[date, bool] | None = None


def evaluate(facts: RowFile, outcomes: RowFile, as_of: date, mapping: EvaluationMapping, policy: Policy) -> Evaluation:
    """Score all subjects with an outcome as on a day, from what is dated before it, and compare with their outcomes.

    Raises InvalidInput for a column that is lacking, a value that is no day or number, or outcomes of one kind only.
    """
    mapping.check(facts.columns, outcomes.columns)
    subjects: dict[str, _Subject] = defaultdict(_Subject)
    _take(subjects, mapping.facts.fitted(facts.columns), facts.rows, as_of, policy)
    table, rows = mapping.outcomes.fitted(outcomes.columns), list(outcomes.rows)
    _take(subjects, table, rows, as_of, policy)
    _label(subjects, table, rows, as_of, mapping)
    judged = [subject for subject in subjects.values() if subject.outcome is not None]
    return _evaluation(judged, as_of, mapping, policy)


def _take(subjects: dict[str, _Subject], table: Table, rows: Iterable[Row], as_of: date, policy: Policy) -> None:
    """Add the facts of rows before the day."""
    for row in rows:
        day = table.day(row)
        if day >= as_of:
            continue
        subject = subjects[row[table.subject]]
        subject.seen_since = min(day, subject.seen_since or day)
        for rule in table.rules:
            if rule.condition.holds(row):
                _add(subject, rule, row, day, as_of, policy)


def _add(subject: _Subject, rule: Rule, row: Row, day: date, as_of: date, policy: Policy) -> None:
    """Add the cells of one fact; without a count, an exposure is what brings the peers one weighted case."""
    if rule.kind is Kind.EXPOSURE:
        orders = rule.orders_of(row)
        peers = 1_000_000 // policy.peer_per_million
        subject.cells[cells.key(cells.CellKind.ORDERS, 0, 0, month_index(day))] += peers if orders is None else orders
        return
    body = rule.body(day)
    if body is None:
        raise LookupError(f"{rule.kind} gives no fact")
    for key, value in cells.cells_of(Fact("", 1, held=False, body=body)):
        subject.cells[key] += value
    subject.facts += 1
    subject.naive += decayed((as_of - day).days)


def _label(
    subjects: dict[str, _Subject], table: Table, rows: Iterable[Row], as_of: date, mapping: EvaluationMapping
) -> None:
    """Give each subject its first outcome from the day on."""
    for row in rows:
        day = table.day(row)
        if day < as_of or not mapping.foretold.holds(row):
            continue
        subject = subjects[row[table.subject]]
        if subject.outcome is None or day < subject.outcome[0]:
            subject.outcome = day, mapping.positive.holds(row)


def _evaluation(judged: Sequence[_Subject], as_of: date, mapping: EvaluationMapping, policy: Policy) -> Evaluation:
    positive = np.array([subject.outcome is not None and subject.outcome[1] for subject in judged], dtype=bool)
    columns = population.columns([Entry(_registration(s), cells.pack(s.cells)) for s in judged])
    now = scorer.score(columns, as_of, policy)
    before = scorer.score(columns, month_end_before(as_of), policy, now.bursts)
    grades = [
        grade_of(int(now.score[i]), int(before.score[i]) if before.rated[i] else None, policy) if rated else Grade.NR
        for i, rated in enumerate(now.rated)
    ]
    naive = np.array([subject.naive for subject in judged])
    return Evaluation(
        policy_version=policy.version,
        policy_digest=policy.digest,
        title=mapping.title,
        as_of=as_of,
        subjects=len(judged),
        positive=int(positive.sum()),
        facts=sum(subject.facts for subject in judged),
        comparison=compare(-now.score.astype(np.float64), naive, positive),
        grades=by_grade(grades, positive),
        classes=by_class(grades, positive),
    )


def _registration(subject: _Subject) -> Registration:
    """Return the registration of a subject: it trades at least since it was first seen."""
    return Registration("", "", "", "", "", "", subject.seen_since, OperatingStatus.OPERATING, None, 1)
