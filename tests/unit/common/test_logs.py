"""What a log may hold: the place of a failure and its ids, never the values that were at hand."""

import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

import orjson
import psycopg
import pytest
import structlog

from services.common.errors import invalid
from services.common.lifecycle import run_loops
from services.common.logs import log_to_stderr

PASSWORD = "a-password-of-a-database"  # noqa: S105 - of no database
PHONE = "13912345678"

pytestmark = pytest.mark.usefixtures("restored_logging")


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]


def _fail(dsn: str) -> None:
    raise ConnectionError(f"no answer after {len(dsn)} characters")


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_shows_no_variable(capsys: pytest.CaptureFixture[str], log_format: Any) -> None:
    log_to_stderr(log_format)
    try:
        _fail(f"postgresql://merchant:{PASSWORD}@127.0.0.1/credit")
    except ConnectionError:
        structlog.get_logger().exception("loop_failed")
    written = capsys.readouterr().err
    assert "loop_failed" in written
    assert "no answer after" in written
    assert "in _fail" in written
    assert PASSWORD not in written


def test_a_line_is_an_object_that_begins_with_when_what_and_who(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("json", service="credit", role="serve")
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger().warning("words", text="one\ntwo 欧阳")
        structlog.get_logger().debug("not told")
    (line,) = _lines(capsys)
    assert list(line)[:5] == ["ts", "level", "event", "service", "role"]
    assert line["ts"].endswith("Z")
    del line["ts"]
    assert line == {
        "level": "warning", "event": "words", "service": "credit", "role": "serve", "request_id": "r-1",
        "text": "one\ntwo 欧阳",
    }  # fmt: skip


def test_libraries_log_alike(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("json", service="credit", role="serve")
    logging.getLogger("kafka.client").info("not told")
    try:
        _fail("")
    except ConnectionError:
        logging.getLogger("kafka.client").exception("broker %s is away", "k1")
    (line,) = _lines(capsys)
    assert (line["event"], line["level"], line["logger"]) == ("broker k1 is away", "error", "kafka.client")
    assert line["service"] == "credit"
    assert "in _fail" in line["exception"]


def _number() -> None:
    int(f"{PHONE}x")


def _field() -> None:
    raise invalid("complaint.target", f"{PHONE} is no code")


def _row() -> None:
    raise psycopg.errors.UniqueViolation(f"DETAIL: Key (phone)=({PHONE}) already exists.")


def _cause() -> None:
    try:
        _number()
    except ValueError as error:
        raise RuntimeError("not read") from error


def _group() -> None:
    try:
        _number()
    except ValueError as error:
        raise ExceptionGroup("several", [error]) from None


@pytest.mark.parametrize(
    ("fail", "told"),
    [
        (_number, "ValueError"),
        (_field, "complaint.target"),
        (_row, "UniqueViolation: 23505"),
        (_cause, "RuntimeError: not read"),
        (_group, "in _number"),
    ],
)
@pytest.mark.parametrize("log_format", ["console", "json"])
def test_an_error_that_quotes_what_was_sent_is_told_without_it(
    capsys: pytest.CaptureFixture[str], fail: Callable[[], None], told: str, log_format: Any
) -> None:
    log_to_stderr(log_format)
    try:
        fail()
    except Exception:  # noqa: BLE001 - of every kind
        structlog.get_logger().exception("failed")
    written = capsys.readouterr().err
    assert told in written
    assert fail.__name__ in written
    assert PHONE not in written


class _Loop:
    name = "loop"

    def run(self, _: threading.Event) -> None:
        _number()


def test_what_ends_a_process_is_a_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("json")
    with pytest.raises(ValueError, match=PHONE) as failed:
        run_loops([_Loop()], threading.Event())
    sys.excepthook(ValueError, failed.value, None)
    looped, ended = _lines(capsys)
    assert (looped["event"], looped["error"]) == ("loop_failed", "ValueError")
    assert (ended["event"], ended["level"]) == ("process_failed", "critical")
    assert PHONE not in str((looped, ended))
