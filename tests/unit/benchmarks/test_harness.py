"""A line of the result says what was seen: the median, the ratio of each run to its own reference, the spread."""

from tests.benchmarks.harness import Benchmark, Outcome, Scale, measure
from tests.benchmarks.memory import pss_of_tree


def test_the_ratio_is_the_median_of_the_runs_own_ratios() -> None:
    runs = iter([Outcome(10, 40), Outcome(30, 40), Outcome(20, 100)])
    line = measure(Benchmark(lambda _: next(runs), "events/s", "a loop"), Scale())
    assert (line["value"], line["ratio"], line["spread"]) == (20, 0.25, 1.0)
    assert line["runs"] == [10, 30, 20]


def test_a_quick_run_is_one_run_of_a_tenth() -> None:
    line = measure(Benchmark(lambda scale: Outcome(scale.of(200_000)), "events", None), Scale(quick=True))
    assert (line["value"], line["ratio"], line["runs"]) == (20_000, None, [20_000])


def test_what_was_seen_besides_is_told_as_its_median() -> None:
    runs = iter([Outcome(1, None, {"median": 3}), Outcome(1, None, {"median": 9}), Outcome(1, None, {"median": 4})])
    assert measure(Benchmark(lambda _: next(runs), "ms", None), Scale())["besides"] == {"median": 4}


def test_a_process_takes_memory() -> None:
    import os

    assert sum(pss_of_tree(os.getpid()).values()) > 1
