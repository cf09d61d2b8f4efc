"""Fixtures strategy: one embedded PostgreSQL a session, one migrated template, a fresh database a test from it."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import structlog
from hypothesis import settings

from deploy.engines.postgres import Postgres
from services.common.db.embedded import DATABASE, EmbeddedPostgres
from services.common.db.migrate import migrate
from tests.engines import running
from tests.ports import free_ports


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--long`: fault runs over many seeds and every moment, as `make chaos` runs them."""
    parser.addoption("--long", action="store_true", default=False, help="run the fault tests at full length")


# A test never asserts wall-clock time; hypothesis' own deadline would.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the DSN of a running cluster whose platform database is migrated; it serves as the template."""
    folder: Path = tmp_path_factory.mktemp("postgres")
    server = EmbeddedPostgres(folder / "pg", free_ports(1))
    migrate(server.start())
    yield server.dsn
    server.stop()


@pytest.fixture(scope="session")
def oldest_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the same as `postgres` on the machine's own server, the oldest major that we support (or a later one)."""
    engine = Postgres(folder=tmp_path_factory.mktemp("oldest-postgres"), port=free_ports())
    with running(engine):
        migrate(engine.dsn)
        yield engine.dsn


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked `both_majors` on the embedded PostgreSQL and on the oldest that we support."""
    if "dsn" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_majors"):
        servers = ("postgres", "oldest_postgres")
        metafunc.parametrize("dsn", servers, indirect=True, ids=("embedded", "oldest"))


@pytest.fixture
def dsn(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the DSN of a fresh migrated database, dropped after the test."""
    server: str = request.getfixturevalue(getattr(request, "param", "postgres"))
    name = f"t_{uuid4().hex}"
    admin = server.rsplit("/", 1)[0] + "/postgres"
    with psycopg.connect(admin, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE}")
    yield server.rsplit("/", 1)[0] + f"/{name}"
    with psycopg.connect(admin, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def restored_logging() -> Iterator[None]:
    """Let a test say how the process logs, and take that back after it."""
    structured, hook = structlog.get_config(), sys.excepthook
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.configure(**structured)
    logging.root.handlers[:], sys.excepthook = handlers, hook
    logging.root.setLevel(level)
