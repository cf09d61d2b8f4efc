"""Dead letters: where they stand, why they are there, and the message as it first came."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from psycopg import Connection

from services.cli.topics import names, tail
from services.common.errors import NotFound, invalid
from services.common.eventlog import reader
from services.common.eventlog.port import Message, Record, TopicPartition

#: Headers that the consumer added when it buried the message.
ADDED = "dlq_"


class Place(NamedTuple):
    """Where a dead letter stands; dead-letter topics have one partition."""

    topic: str
    offset: int

    def __str__(self) -> str:
        """Write the place as the commands read it."""
        return f"{self.topic}@{self.offset}"


def place(text: str) -> Place:
    """Read TOPIC@OFFSET; raises InvalidInput."""
    topic, _, offset = text.rpartition("@")
    if topic not in names.dead_letter_topics() or not offset.isdigit():
        raise invalid("PLACE", f"{text!r}: write TOPIC@OFFSET as `dead-letters list` shows it")
    return Place(topic, int(offset))


def of(record: Record) -> Place:
    """Return where a dead letter stands."""
    return Place(record.topic, record.offset)


def read(conn: Connection[Any], topics: Sequence[str]) -> Iterator[Record]:
    """Give the dead letters of some dead-letter topics, oldest first in each."""
    for topic in topics:
        yield from tail.kept(conn, tail.starts(conn, topic, from_start=True))


def find(conn: Connection[Any], at: Place) -> Record:
    """Return one dead letter; raises NotFound."""
    for record in reader.read(conn, {TopicPartition(at.topic, 0): at.offset}, 1):
        if record.offset == at.offset:
            return record
    raise NotFound(f"no dead letter at {at}", metadata={"resource_type": "dead_letter", "resource_name": str(at)})


def is_withheld(record: Record) -> bool:
    """Tell whether the body was not kept because it held personal data in the clear: its source must send it again."""
    return "dlq_withheld" in record.headers


def original(record: Record) -> Message:
    """Return the message as it first came, for its first topic: same key, value and headers, so the same event."""
    headers = {name: value for name, value in record.headers.items() if not name.startswith(ADDED)}
    return Message(topic=record.headers["dlq_topic"], key=record.key, value=record.value, headers=headers)
