"""How large the next batch may be (quick full ones grow, slow ones shrink, nothing leaves the bounds), and when it may begin."""

import pytest

from services.common.eventlog.batch import BatchPolicy

POLICY = BatchPolicy(max_records=100, most_records=350, aim_seconds=2.0)


@pytest.mark.parametrize(
    ("size", "taken", "seconds", "wanted"),
    [
        (100, 100, 1.9, 200),
        (200, 200, 1.9, 350),
        (350, 350, 1.9, 350),
        (100, 99, 0.1, 100),
        (200, 200, 2.0, 200),
        (200, 200, 4.0, 200),
        (200, 10, 4.1, 100),
        (100, 100, 9.0, 100),
    ],
)
def test_a_quick_full_batch_is_followed_by_a_larger_one_and_a_slow_one_by_a_smaller(
    size: int, taken: int, seconds: float, wanted: int
) -> None:
    assert POLICY.size_after(size, taken, seconds) == wanted


def test_without_a_most_the_size_stays() -> None:
    assert BatchPolicy(max_records=100).size_after(100, 100, 0.0) == 100


@pytest.mark.parametrize(
    ("size", "taken", "seconds", "wanted"),
    [
        (100, 99, 0.02, 0.08),
        (100, 99, 0.3, 0.0),  # it took longer than they are to be apart
        (100, 100, 0.02, 0.0),  # a backlog
        (100, 0, 0.02, 0.0),  # the poll has waited
    ],
)
def test_small_batches_are_apart_and_no_other_waits(size: int, taken: int, seconds: float, wanted: float) -> None:
    policy = BatchPolicy(max_records=100, apart_seconds=0.1)
    assert policy.wait_after(size, taken, seconds) == pytest.approx(wanted)


def test_without_a_distance_nothing_is_waited_for() -> None:
    assert BatchPolicy().wait_after(100, 1, 0.0) == 0.0
