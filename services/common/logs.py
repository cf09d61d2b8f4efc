"""How a process writes its log: to standard error, as text or as one JSON object a line, and never what people sent.

A traceback holds code and no variables; the text of an error that quotes what it could not take is left out (`told`).
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Literal, TextIO

import psycopg
import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from services.common.errors import InvalidInput

LogFormat = Literal["console", "json"]
LogLevel = Literal["info", "debug"]
_LEVELS = {"info": logging.INFO, "debug": logging.DEBUG}
#: Classes of SQLSTATE whose texts quote a row: data exceptions, broken constraints.
_QUOTING_SQLSTATES = ("22", "23")


def log_to_stderr(
    log_format: LogFormat = "console", level: LogLevel = "info", *, service: str = "", role: str = ""
) -> None:
    """Log to standard error as it stands now; what libraries log by `logging` (from WARNING) comes out alike.

    JSON lines begin with ts (ISO 8601, UTC), level, event, service and role; the fields of the event follow.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.set_exc_info,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts" if log_format == "json" else "timestamp"),
    ]
    render = _json(service, role) if log_format == "json" else _console()
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),  # a line is one write: threads do not mix theirs
    )
    _take_libraries(shared, render)
    sys.excepthook = _log_uncaught


def told(error: BaseException) -> str:
    """Return what a log may say of an error: its kind, and its text unless errors of this kind quote what was sent.

    Of refused input the fields are told and not what stood in them.
    """
    kind = type(error).__name__
    if isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(_QUOTING_SQLSTATES):
        return f"{kind}: {error.sqlstate} {error.diag.constraint_name or ''}".rstrip()
    if isinstance(error, InvalidInput):
        return f"{kind}: {', '.join(violation.field for violation in error.violations)}"
    if isinstance(error, ValueError | LookupError):
        return kind
    return f"{kind}: {error}"


def _console() -> list[Processor]:
    return [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=_write_trace)]


def _json(service: str, role: str) -> list[Processor]:
    def ordered(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        head = {"ts": event.pop("ts"), "level": event.pop("level"), "event": event.pop("event")}
        return {**head, "service": service, "role": role, **event}

    return [structlog.processors.ExceptionRenderer(_trace), ordered, structlog.processors.JSONRenderer(json.dumps)]


def _take_libraries(shared: list[Processor], render: list[Processor]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, Exception):
        structlog.get_logger().critical("process_failed", exc_info=error)
    else:
        sys.__excepthook__(kind, error, trace)


def _write_trace(out: TextIO, exc_info: ExcInfo) -> None:
    out.write(_trace(exc_info))


def _trace(exc_info: ExcInfo) -> str:
    return "\n".join(reversed([*_chain(exc_info[1], set())]))


def _chain(error: BaseException | None, seen: set[int]) -> Iterator[str]:
    """Yield an error, the members of a group, and what led to it, each with its lines of code."""
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield "".join(traceback.format_tb(error.__traceback__)) + told(error)
        for member in getattr(error, "exceptions", ()):
            yield from _chain(member, seen)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
