"""The ports that tests give to their servers."""

import pytest

from tests import ports
from tests.ports import MOST_PROCESSES, WIDTH, free_ports


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test give ports without taking them from the tests that come after it."""
    monkeypatch.setattr(ports, "_given", set())


def test_no_port_is_given_twice_though_nobody_has_bound_it_yet() -> None:
    given = [free_ports(2) + n for _ in range(300) for n in range(2)]
    assert len(set(given)) == len(given)


def test_processes_that_share_a_run_give_other_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[int] = set()
    for process in range(MOST_PROCESSES):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", f"gw{process}")
        given = {free_ports(5) + n for _ in range(40) for n in range(5)}
        assert seen.isdisjoint(given)
        assert max(given) - min(given) < WIDTH
        seen |= given
