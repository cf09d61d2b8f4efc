"""The ports that tests give to their servers."""

from tests.ports import free_ports


def test_no_port_is_given_twice_though_nobody_has_bound_it_yet() -> None:
    given = [free_ports(2) + n for _ in range(300) for n in range(2)]
    assert len(set(given)) == len(given)
