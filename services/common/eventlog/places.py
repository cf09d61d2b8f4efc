"""How log lines name records: by their place in the log and the event's id, never by key or body."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog

from services.common.eventlog.port import Record

#: A larger batch is named by its offsets alone.
MAX_NAMED = 20
#: An id is opaque: a text with spaces or beyond ASCII is a mistake of its source, and may say anything.
_EVENT_ID = re.compile(r"[!-~]{1,256}")
MALFORMED = "(malformed)"


def event_id(record: Record) -> str:
    """Return the CloudEvents id of a record; "(malformed)" where it is none."""
    found = record.headers.get("ce_id", "")
    return found if _EVENT_ID.fullmatch(found) else MALFORMED


def of(record: Record) -> dict[str, Any]:
    """Return the fields that name one record."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "event_id": event_id(record),
    }


def at(record: Record) -> str:
    """Return a record's place in words."""
    return f"{record.topic}/{record.partition}@{record.offset}"


def named(group: str, records: Sequence[Record]) -> dict[str, Any]:
    """Return the fields that name a batch: first and last offset of each partition, and the ids of a small one."""
    spans: dict[tuple[str, int], dict[str, Any]] = {}
    for topic, partition, offset, *_ in records:
        start = {"topic": topic, "partition": partition, "first": offset, "last": offset}
        spans.setdefault((topic, partition), start)["last"] = offset
    return {"group": group, "spans": list(spans.values()), **_ids(records)}


@contextmanager
def bound(group: str, records: Sequence[Record]) -> Iterator[None]:
    """Put the group, and the ids of a small batch, on every line that is logged within."""
    with structlog.contextvars.bound_contextvars(group=group, **_ids(records)):
        yield


def _ids(records: Sequence[Record]) -> dict[str, list[str]]:
    return {"event_ids": [event_id(record) for record in records]} if len(records) <= MAX_NAMED else {}
