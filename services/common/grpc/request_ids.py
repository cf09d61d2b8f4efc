"""The id of a call: the caller's or a fresh one, on every line that the call logs, and told back to the caller."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import structlog

HEADER = "x-request-id"
#: What may stand in a log line as it came: no space, no newline, nothing to fill a disk with.
_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,64}")


def taken(metadata: Mapping[str, Any]) -> str:
    """Return the caller's id, or a fresh one where there is none or it is not of the pattern."""
    given = str(metadata.get(HEADER, ""))
    return given if _PATTERN.fullmatch(given) else uuid4().hex


def bind(request_id: str) -> None:
    """Put the id on what this call logs from now on; gRPC runs each call in a task, and so in a context, of its own."""
    structlog.contextvars.bind_contextvars(request_id=request_id)


def forwarded() -> tuple[tuple[str, str], ...]:
    """Return the metadata that hands the id of the present call on to a service that it calls."""
    found = structlog.contextvars.get_contextvars().get("request_id")
    return ((HEADER, str(found)),) if found else ()


def returned(request_id: str) -> tuple[str, str]:
    """Return the trailing metadata that tells the caller."""
    return HEADER, request_id
