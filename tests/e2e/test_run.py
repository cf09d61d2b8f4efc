"""`make run` as its users meet it: starts, says why it cannot, survives kill -9, stops without a trace."""

import os
import shutil
import signal
import subprocess
from functools import partial
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.e2e.platform import PORTS, Platform, running
from tests.ports import free_ports


def test_a_second_copy_says_why_it_cannot_start(platform: Platform) -> None:
    same_folder = Platform(platform.state, free_ports(PORTS))
    assert same_folder.process.wait(30) == 2
    same_folder.stop()
    assert "another copy runs" in same_folder.text


def test_taken_ports_are_named(platform: Platform, tmp_path: Path) -> None:
    same_ports = Platform(tmp_path, platform.port_base)
    assert same_ports.process.wait(60) == 2
    same_ports.stop()
    assert f"port {platform.port_base} is taken" in same_ports.text


def test_everything_that_dies_comes_back_and_nothing_is_lost(platform: Platform) -> None:
    def counts() -> list[tuple[int, ...]]:
        with psycopg.connect(platform.dsn) as conn:
            return conn.execute(
                "SELECT (SELECT count(*) FROM credit.assertion), (SELECT count(*) FROM credit.public_record)"
            ).fetchall()

    def of(role: str) -> list[int]:
        return sorted(pid for pid, words in platform.processes().items() if role in words)

    def are_there(role: str, count: int, victim: int = 0) -> bool:
        return victim not in of(role) and len(of(role)) == count

    before = counts()
    for role, place, count in (
        ("credit-serve", 0, 1), ("credit-work", 0, 2), ("credit-work", 1, 2), ("credit-project", 0, 1)
    ):  # fmt: skip
        platform.wait_until(partial(are_there, role, count))  # a copy that lost its parent takes a moment to end
        victim = of(role)[place]
        os.kill(victim, signal.SIGKILL)
        platform.wait_until(partial(are_there, role, count, victim))
    platform.wait_until(lambda: _answers(platform.portal_url))
    postmaster = int((platform.state / "postgres/data/postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    platform.wait_until(lambda: not _is_alive(postmaster))
    platform.wait_until(lambda: _database_answers(platform.dsn))
    assert counts() == before
    platform.wait_until(lambda: _answers(f"{platform.portal_url}/records/{platform.known_code}"))


def test_a_killed_launcher_leaves_nothing_and_the_next_start_clears_up(tmp_path: Path) -> None:
    first = Platform(tmp_path, free_ports(PORTS))
    (tmp_path / "sample-loaded").touch()
    first.wait_until_ready()
    first.process.kill()
    first.process.wait()
    first.wait_until(lambda: not first.processes())
    with running(tmp_path, first.port_base) as second:
        assert _answers(second.portal_url)
    assert second.process.returncode == 0
    assert not second.processes()


@pytest.mark.skipif(
    shutil.which("grpcurl") is None,
    reason="grpcurl is not installed: go install github.com/fullstorydev/grpcurl/cmd/grpcurl@latest",
)
def test_grpcurl_needs_no_proto_files(platform: Platform) -> None:
    address = str(platform.endpoints["credit"])
    listed = subprocess.run(
        ["grpcurl", "-plaintext", address, "list"], capture_output=True, text=True, check=True
    ).stdout
    assert "merchantcredit.credit.v1.CreditService" in listed
    body = f'{{"credit_code": "{platform.known_code}"}}'
    read = subprocess.run(
        ["grpcurl", "-plaintext", "-d", body, address, "merchantcredit.credit.v1.CreditService/GetCreditRecord"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert platform.known_code in read


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _database_answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
