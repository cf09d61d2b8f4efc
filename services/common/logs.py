"""How a process writes its log: to standard error, with tracebacks that hold code and never the values of variables."""

import sys

import structlog


def log_to_stderr() -> None:
    """Log to standard error as it stands now.

    structlog's own tracebacks print local variables: passwords of databases, secrets and what callers sent.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.StackInfoRenderer(),
            structlog.dev.set_exc_info,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
