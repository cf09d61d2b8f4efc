"""The register of benchmarks, and how one is run: so many runs, their median, and the spread between them."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

RUNS = 3


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a run is: `of(n)` is n, or a tenth of it when quick."""

    quick: bool = False

    @property
    def runs(self) -> int:
        return 1 if self.quick else RUNS

    def of(self, full: int) -> int:
        return full // 10 if self.quick else full


class Outcome(NamedTuple):
    """One run: its value, the value of what it is compared with in the same run or its limit, and what was seen besides."""

    value: float
    reference: float | None = None
    besides: Mapping[str, float] = {}


Run = Callable[[Scale], Outcome]


class Benchmark(NamedTuple):
    run: Run
    unit: str
    to: str | None


BENCHMARKS: dict[str, Benchmark] = {}


def benchmark(name: str, *, unit: str, to: str | None = None) -> Callable[[Run], Run]:
    """Register a benchmark under a name that stays; `to` says what its ratio is taken to."""

    def register(run: Run) -> Run:
        BENCHMARKS[name] = Benchmark(run, unit, to)
        return run

    return register


def measure(found: Benchmark, scale: Scale) -> dict[str, object]:
    """Run a benchmark and return its line of the result; the ratio is the median of the runs' own ratios."""
    outcomes = [found.run(scale) for _ in range(scale.runs)]
    values = [outcome.value for outcome in outcomes]
    value = statistics.median(values)
    ratios = [outcome.value / outcome.reference for outcome in outcomes if outcome.reference]
    line: dict[str, object] = {
        "value": round(value, 2),
        "unit": found.unit,
        "ratio": round(statistics.median(ratios), 3) if ratios else None,
        "to": found.to,
        "spread": round((max(values) - min(values)) / value, 3) if value else 0.0,
        "runs": [round(one, 2) for one in values],
    }
    if outcomes[0].besides:
        line["besides"] = {
            name: round(statistics.median(one.besides[name] for one in outcomes), 2) for name in outcomes[0].besides
        }
    return line
