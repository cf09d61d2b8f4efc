"""Live and ready follow from who was heard of, and when."""

import time
from collections.abc import Iterator

import pytest

from services.common.telemetry import health


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    health._beats.clear()
    yield
    health._beats.clear()


def test_a_part_that_has_not_begun_is_not_ready_but_alive() -> None:
    assert health.not_ready() == ["no part has begun"]
    health.expect("worker")
    assert (health.not_ready(), health.not_live()) == (["worker"], [])
    health.beat("worker")
    assert (health.not_ready(), health.not_live()) == ([], [])


def test_a_part_that_falls_silent_is_first_not_ready_then_not_alive() -> None:
    health.beat("worker")
    health.beat("relay")
    later = time.monotonic() + health.READY_SECONDS + 1
    assert (health.not_ready(later), health.not_live(later)) == (["relay", "worker"], [])
    assert health.not_live(time.monotonic() + health.LIVE_SECONDS + 1) == ["relay", "worker"]
    health.forget("relay")
    assert health.not_ready(later) == ["worker"]


def test_a_part_that_begins_anew_is_not_taken_for_dead() -> None:
    health.beat("projector")
    health.expect("projector")
    assert health.not_live(time.monotonic() + health.LIVE_SECONDS + 1) == []
