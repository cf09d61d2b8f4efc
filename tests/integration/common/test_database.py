"""The embedded server starts, keeps its data, refuses a foreign folder, and leaves no process behind."""

from pathlib import Path

import psycopg
import pytest

from services.common.db.embedded import EmbeddedPostgres
from services.common.db.migrate import migrate
from services.common.errors import PreconditionFailed
from tests.ports import free_ports


def test_data_survive_a_restart_and_a_kill(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "pg", free_ports(1))
    with psycopg.connect(server.start()) as conn:
        conn.execute("CREATE TABLE kept (n int)")
        conn.execute("INSERT INTO kept VALUES (7)")
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    try:
        with psycopg.connect(server.start()) as conn:
            assert conn.execute("SELECT n FROM kept").fetchone() == (7,)
    finally:
        process = server.process
        server.stop()
    assert process is not None
    assert process.poll() == 0


def test_a_folder_of_another_major_is_refused_with_the_reason(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "pg", free_ports(1))
    server.start()
    server.stop()
    (tmp_path / "pg" / "data" / "PG_VERSION").write_text("14\n")
    with pytest.raises(PreconditionFailed, match="PostgreSQL 14"):
        server.start()


def test_migrations_can_be_repeated(dsn: str) -> None:
    migrate(dsn)
    with psycopg.connect(dsn) as conn:
        assert conn.execute("SELECT epoch FROM eventlog.epoch").fetchone() == (1,)
