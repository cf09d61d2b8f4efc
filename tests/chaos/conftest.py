"""Fixtures: how long to run, and a second database to compare with."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from services.common.db.embedded import DATABASE


@pytest.fixture
def is_long(request: pytest.FixtureRequest) -> bool:
    """Tell whether `--long` was given."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="module")
def fresh_dsn(postgres: str) -> Iterator[Callable[[str], str]]:
    """Return a function that makes a migrated database by a name; all are dropped after the module."""
    base, made = postgres.rsplit("/", 1)[0], []

    def make(name: str) -> str:
        with psycopg.connect(f"{base}/postgres", autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE}")
        made.append(name)
        return f"{base}/{name}"

    yield make
    with psycopg.connect(f"{base}/postgres", autocommit=True) as conn:
        for name in made:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")
