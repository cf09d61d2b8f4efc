"""The probe of a container: yes from a server that serves and a database that answers, else no with the reason."""

import asyncio
from pathlib import Path

import pytest

from services.common import probe
from services.common.clock import SystemClock
from services.registry import bootstrap
from tests.integration.grpc_fixtures import serve
from tests.ports import free_ports


async def test_a_server_that_serves_is_well(dsn: str, tmp_path: Path) -> None:
    async with serve(tmp_path, lambda: [bootstrap.serving(dsn, SystemClock())]) as served:
        port = served.address.rpartition(":")[2]
        # As a role is told: the address to listen on, whose host is no address to ask.
        assert await asyncio.to_thread(probe.serving, f"0.0.0.0:{port}") == ""
    assert "does not answer" in await asyncio.to_thread(probe.serving, f"0.0.0.0:{port}")


def test_a_role_that_does_not_serve_is_not_asked() -> None:
    assert probe.serving("") == ""


def test_a_database_answers_or_the_reason_is_told(dsn: str, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f'dsn = "{dsn}"\n')
    assert probe.database(file) == ""
    file.write_text(f'dsn = "postgresql://nobody@127.0.0.1:{free_ports(1)}/none"\n')
    assert "refused" in probe.database(file)
    file.write_text("")
    assert "dsn" in probe.database(file)


def test_the_command_line_exits_with_the_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["probe", "serving"])
    monkeypatch.setenv("MERCHANTCREDIT_LISTEN", f"0.0.0.0:{free_ports(1)}")
    assert probe.main() == 1
    assert "does not answer" in capsys.readouterr().err
    monkeypatch.delenv("MERCHANTCREDIT_LISTEN")
    assert probe.main() == 0
