"""What a log may hold: the place of a failure, never the values that were at hand."""

import pytest
import structlog

from services.common.logs import log_to_stderr

PASSWORD = "a-password-of-a-database"  # noqa: S105 - of no database


def _fail(dsn: str) -> None:
    raise ConnectionError(f"no answer after {len(dsn)} characters")


def test_a_traceback_shows_no_variable(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    log_to_stderr()
    try:
        _fail(f"postgresql://merchant:{PASSWORD}@127.0.0.1/credit")
    except ConnectionError:
        structlog.get_logger().exception("loop_failed")
    finally:
        structlog.configure(**before)
    written = capsys.readouterr().err
    assert "loop_failed" in written
    assert "no answer after" in written
    assert "in _fail" in written
    assert PASSWORD not in written
