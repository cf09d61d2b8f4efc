"""How the generator writes an event: one JSON line with proto field names; a 64-bit number is a string in proto JSON."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import orjson

SECONDS_A_DAY = 86_400


class Told(NamedTuple):
    """An event as it is written, and when its source says that it happened, in seconds of local time."""

    at: int
    line: bytes


def told(*, event_id: str, source: str, at: int, data: Mapping[str, object]) -> Told:
    """Write an event."""
    envelope = {"id": event_id, "source": source, "time": moment(at), "data": data}
    return Told(at, orjson.dumps(envelope) + b"\n")


def moment(at: int) -> str:
    """Write seconds of Asia/Shanghai as RFC 3339."""
    ordinal, rest = divmod(at, SECONDS_A_DAY)
    return f"{day(ordinal)}T{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}+08:00"


@lru_cache(maxsize=16_384)
def day(ordinal: int) -> str:
    """Write a day."""
    return date.fromordinal(ordinal).isoformat()
