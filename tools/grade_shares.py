"""Prints how the policy in force grades a generated population: python tools/grade_shares.py REGISTRY STREAMS YYYY-MM-DD.

REGISTRY is a registry CSV, STREAMS the folder that `merchant-credit generate` wrote. The shares that Zhejiang published for
2018 (domain.md section 7, P3) are what the policy was tuned to: AAA to A 2.3 %, BBB to BB 76.4 %, B to CCC 20.0 %, CC to D 1.3 %.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from services.cli.generator.streams import FILES
from services.cli.loading import columns, events, registration, rows
from services.cli.loading.columns import Columns
from services.common.kernel.grade import CLASSES, Grade
from services.credit.adapters import bodies
from services.credit.adapters.policy_files import load_policies
from services.credit.config import POLICY_FOLDER
from services.credit.domain import cells, population
from services.credit.domain.facts import Assertion, Fact, FactKind, fact_id
from services.credit.domain.folding import fold
from services.credit.domain.grading import rate_all
from services.credit.domain.population import Entry

_KINDS = {"complaints": FactKind.COMPLAINT, "violations": FactKind.PENALTY, "volumes": FactKind.VOLUME}


def grades(registry: Path, streams: Path, day: date) -> Counter[Grade]:
    """Return how many firms of a registry have each grade on a day, by the streams of a folder."""
    facts: dict[str, list[Fact]] = defaultdict(list)
    for fact in filter(None, map(fold, _facts(streams).values())):
        facts[fact.body.code].append(fact)
    names = Columns(columns.REGISTRY)
    snapshots = [registration.of_fields(names.rename(row.fields)) for row in rows.read(registry)]
    entries = [Entry(bodies.registration(s), cells.pack(cells.sum_of(facts[s.credit_code]))) for s in snapshots]
    _, found = rate_all(population.columns(entries), day, load_policies(POLICY_FOLDER).on(day))
    return Counter(map(Grade, found.tolist()))


def shares(found: Counter[Grade]) -> dict[str, float]:
    """Return the percentage of the rated in each class."""
    rated = sum(count for grade, count in found.items() if grade)
    return {name: 100 * sum(found[grade] for grade in members) / rated for name, members in CLASSES.items()}


def _facts(streams: Path) -> dict[str, list[Assertion]]:
    """Return all accounts by fact; a repeated event counts once."""
    told: dict[str, dict[str, Assertion]] = defaultdict(dict)
    for name in FILES:
        for assertion in _told(streams / f"{name}.jsonl", name):
            told[assertion.fact_id][assertion.event_id] = assertion
    return {fact: list(accounts.values()) for fact, accounts in told.items()}


def _told(path: Path, name: str) -> Iterator[Assertion]:
    intake, names = events.INTAKES[name], Columns(events.INTAKES[name].aliases)
    for row in rows.read(path):
        message = events.of_row(intake, names, row.fields, "")
        body = bodies.from_ledger(_KINDS[name], message.value)
        time = datetime.fromisoformat(message.headers["ce_time"])
        yield Assertion(
            fact_id(body, message.headers["ce_source"]), 1, time, message.headers["ce_id"], held=False, body=body
        )


def main() -> None:
    """Print grades and shares."""
    registry, streams, day = sys.argv[1:]
    found = grades(Path(registry), Path(streams), date.fromisoformat(day))
    print("  ".join(f"{grade.name} {found[grade]:,}" for grade in sorted(found, reverse=True)))
    print("  ".join(f"{name} {share:.2f} %" for name, share in shares(found).items()))


if __name__ == "__main__":
    main()
