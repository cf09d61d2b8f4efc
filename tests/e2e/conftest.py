"""One running system a session, with the sample data loaded and applied."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.e2e.platform import Platform, running


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    state: Path = tmp_path_factory.mktemp("platform")
    with running(state) as system:
        system.wait_until(lambda: _is_settled(system.dsn), 120)
        yield system


def _is_settled(dsn: str) -> bool:
    """Tell whether all that was loaded is applied and projected."""
    with psycopg.connect(dsn) as conn:
        rows = conn.execute(
            "SELECT (SELECT count(*) FROM eventlog.pending),"
            " (SELECT coalesce(sum(next_seq), 0) FROM eventlog.feed WHERE topic LIKE '%.intake.%' AND topic NOT LIKE '%.dlq.%'"
            "  OR topic LIKE '%enterprise.v1')"
            " - (SELECT coalesce(sum(value), 0) FROM eventlog.group_offset WHERE group_id = 'credit.work'),"
            " (SELECT coalesce(sum(next_seq), 0) FROM eventlog.feed WHERE topic LIKE '%credit.record.v1')"
            " - (SELECT coalesce(sum(value), 0) FROM eventlog.group_offset WHERE group_id LIKE 'search.project%')"
        ).fetchall()
    return rows[0] == (0, 0, 0)
