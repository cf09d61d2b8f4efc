"""The pace of small batches: so far apart at least, and after a rest that grows with what a batch takes."""

import pytest

from services.common.eventlog.pace import NO_PACE, Pace

PACE = Pace(seconds=0.1, rest=0.5)


@pytest.mark.parametrize(
    ("since", "took", "wanted"),
    [
        (0.02, 0.01, 0.08),  # quick: the distance from one beginning to the next decides
        (0.3, 0.3, 0.15),  # slow: the rest decides
        (0.5, 0.02, 0.01),  # a record that was long waited for
        (0.4, 0.0, 0.0),
        (9.0, 9.0, 0.2),  # something held it up: it is not made up for
    ],
)
def test_a_quick_batch_keeps_the_distance_and_a_slow_one_is_rested_from(
    since: float, took: float, wanted: float
) -> None:
    assert PACE.wait(since=since, took=took) == pytest.approx(wanted)


def test_without_a_pace_nothing_is_waited_for() -> None:
    assert NO_PACE.wait(since=0.0, took=9.0) == 0.0
