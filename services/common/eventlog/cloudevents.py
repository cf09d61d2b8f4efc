"""CloudEvents 1.0 in Kafka binary mode: the attributes ride in `ce_*` headers, the data are the message's value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from services.common.errors import FieldViolation, InvalidInput

PROTOBUF = "application/protobuf"
JSON = "application/json"
_REQUIRED = ("ce_id", "ce_source", "ce_type", "ce_specversion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
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
    wrong = [
        FieldViolation(field=name, description="the header is absent") for name in _REQUIRED if not found.get(name)
    ]
    if found.get("ce_specversion", "1.0") != "1.0":
        wrong.append(FieldViolation(field="ce_specversion", description="only CloudEvents 1.0 is read"))
    wrong += [
        FieldViolation(field=name, description="at most 256 characters")
        for name in ("ce_id", "ce_source")
        if len(found.get(name, "")) > 256
    ]
    time = _time(found.get("ce_time", ""))
    if time is None:
        wrong.append(FieldViolation(field="ce_time", description="write an RFC 3339 time with its offset"))
    if wrong or time is None:
        raise InvalidInput("the CloudEvents headers are not valid", violations=tuple(wrong))
    return Envelope(
        event_id=found["ce_id"],
        source=found["ce_source"],
        event_type=found["ce_type"],
        time=time,
        content_type=found.get("content-type", PROTOBUF).partition(";")[0].strip(),
    )


@lru_cache(maxsize=1 << 12)
def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
