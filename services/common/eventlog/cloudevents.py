"""CloudEvents 1.0 in Kafka binary mode: the attributes ride in `ce_*` headers, the data are the message's value."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from services.common.errors import FieldViolation, InvalidInput
from services.common.wire import NUL

PROTOBUF = "application/protobuf"
JSON = "application/json"
_REQUIRED = ("ce_id", "ce_source", "ce_type", "ce_specversion")
_LONGEST = 256


class Envelope(NamedTuple):
    """What an event says about itself: id and source (together unique), type, time, and how the data are written."""

    event_id: str
    source: str
    event_type: str
    time: datetime
    content_type: str


def headers(
    *, event_id: str, event_type: str, source: str, time: datetime, content_type: str = PROTOBUF
) -> dict[str, str]:
    """Return the headers of an event (CloudEvents Kafka protocol binding 3.2)."""
    return {
        "ce_id": event_id,
        "ce_source": source,
        "ce_type": event_type,
        "ce_time": time.isoformat(),
        "ce_specversion": "1.0",
        "content-type": content_type,
    }


def parse(found: Mapping[str, str]) -> Envelope:
    """Read the envelope; raises InvalidInput naming each header that is absent or wrong."""
    event_id, source, event_type = (found.get(name, "") for name in ("ce_id", "ce_source", "ce_type"))
    time = _time(found.get("ce_time", ""))
    is_whole = event_type and 0 < len(event_id) <= _LONGEST and 0 < len(source) <= _LONGEST
    is_whole = is_whole and NUL not in event_id and NUL not in source
    if time is None or not is_whole or found.get("ce_specversion") != "1.0":
        raise InvalidInput("the CloudEvents headers are not valid", violations=tuple(_wrong(found)))
    return Envelope(event_id, source, event_type, time, _media_type(found.get("content-type", PROTOBUF)))


def _wrong(found: Mapping[str, str]) -> Iterator[FieldViolation]:
    for name in _REQUIRED:
        if not found.get(name):
            yield FieldViolation(field=name, description="the header is absent")
    if found.get("ce_specversion", "1.0") != "1.0":
        yield FieldViolation(field="ce_specversion", description="only CloudEvents 1.0 is read")
    for name in ("ce_id", "ce_source"):
        if len(found.get(name, "")) > _LONGEST:
            yield FieldViolation(field=name, description=f"at most {_LONGEST} characters")
        if NUL in found.get(name, ""):
            yield FieldViolation(field=name, description="it holds the character U+0000: leave it out")
    if _time(found.get("ce_time", "")) is None:
        yield FieldViolation(field="ce_time", description="write an RFC 3339 time with its offset")


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


@lru_cache(maxsize=64)
def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip()
