"""Connections to the embedded event log."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from services.cli import endpoints
from services.common.errors import DependencyUnavailable
from services.common.eventlog.feeds import FeedsEventLog

CONNECT_SECONDS = 5


@contextmanager
def event_log(dsn: str, state_dir: Path) -> Iterator[FeedsEventLog]:
    """Give the event log of a platform; raises DependencyUnavailable when its database does not answer."""
    address = endpoints.choose(dsn, state_dir, "dsn")
    with _connect(address):
        log = FeedsEventLog(address)
    try:
        yield log
    finally:
        log.close()


@contextmanager
def database(dsn: str, state_dir: Path) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection for reading feeds; raises DependencyUnavailable when the database does not answer."""
    with _connect(endpoints.choose(dsn, state_dir, "dsn")) as conn:
        yield conn


def _connect(dsn: str) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        first = str(error).strip().splitlines()[0]
        raise DependencyUnavailable(f"the event log's database does not answer: {first}; start the platform") from error
