"""A fresh embedded PostgreSQL in a temporary folder, migrated, with the settings as shipped."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from services.common.db.embedded import EmbeddedPostgres
from services.common.db.migrate import migrate
from tests.ports import free_ports

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


@contextmanager
def fresh_database(*, migrated: bool = True) -> Iterator[str]:
    """Yield the DSN of a new cluster; raises AssertionError when it would not survive a power cut."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "pg", free_ports(1))
        dsn = server.start()
        try:
            _assert_durable(dsn)
            if migrated:
                migrate(dsn)
            yield dsn
        finally:
            server.stop()


def settle(dsn: str) -> None:
    """Bring the statistics up to date and put the writes of the preparation behind us."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("ANALYZE")
        conn.execute("CHECKPOINT")


def _assert_durable(dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        for name in DURABLE:
            row = conn.execute(f"SHOW {name}").fetchone()
            assert row == ("on",), f"{name} must be on"
