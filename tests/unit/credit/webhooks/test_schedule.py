"""Waits grow to an hour and never past it; five days of nothing but failure, or 410, disable."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.credit.domain.webhooks.schedule import Schedule, is_delivered

NOW = datetime(2026, 6, 15, tzinfo=UTC)
SCHEDULE = Schedule()


@given(st.integers(min_value=1, max_value=10**6), st.floats(min_value=0, max_value=1, exclude_max=True))
def test_a_wait_is_between_half_and_all_of_its_step(attempts: int, chance: float) -> None:
    step = min(3600.0, 2.0 * 2.0 ** min(attempts - 1, 20))
    assert timedelta(seconds=step / 2) <= SCHEDULE.wait(attempts, chance) <= timedelta(seconds=step)


def test_the_first_waits() -> None:
    assert [SCHEDULE.wait(n, 0).total_seconds() for n in range(1, 6)] == [1, 2, 4, 8, 16]


@pytest.mark.parametrize(
    ("status", "failing", "is_disabled"),
    [(500, timedelta(days=5), True), (500, timedelta(days=4, hours=23), False), (410, timedelta(0), True), (0, timedelta(6), True)],
)  # fmt: skip
def test_when_it_is_disabled(status: int, failing: timedelta, is_disabled: bool) -> None:  # noqa: FBT001 - a table
    assert bool(SCHEDULE.why_disable(status, NOW - failing, NOW)) is is_disabled


def test_only_2xx_is_delivered() -> None:
    assert [status for status in (0, 199, 200, 204, 299, 300, 302, 404, 500) if is_delivered(status)] == [200, 204, 299]
