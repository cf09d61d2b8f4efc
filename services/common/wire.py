"""What protobuf lets through and nobody here can take: U+0000 in a text, an enum's number without a name, a moment out of range."""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import IntEnum
from typing import TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.common.errors import invalid

NUL = "\x00"
E = TypeVar("E", bound=IntEnum)


def check_texts(message: Message) -> None:
    """Raise InvalidInput naming a text that holds U+0000, which PostgreSQL cannot store."""
    for field in _with_nul(message, ""):
        raise invalid(field, "it holds the character U+0000: leave it out")


def known(kind: type[E], number: int, field: str) -> E:
    """Return the value of an enum; raises InvalidInput naming the field for a number without a name."""
    try:
        return kind(number)
    except ValueError as error:
        raise invalid(field, f"give one of {', '.join(one.name for one in kind)}") from error


def moment(told: Timestamp, field: str) -> datetime:
    """Return a moment; raises InvalidInput naming the field for one that no calendar has."""
    try:
        return told.ToDatetime(UTC)
    except (ValueError, OverflowError) as error:
        raise invalid(field, "lies outside of the years 1 to 9999") from error


def _with_nul(message: Message, path: str) -> Iterator[str]:
    for field, value in message.ListFields():
        name = f"{path}{field.name}"
        for one in value if field.is_repeated else (value,):
            if isinstance(one, Message):
                yield from _with_nul(one, f"{name}.")
            elif isinstance(one, str) and NUL in one:
                yield name
