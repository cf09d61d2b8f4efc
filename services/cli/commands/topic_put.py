"""merchant-credit topic put: JSON lines onto a topic."""

import sys
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from services.cli import options
from services.cli.loading import events, rows
from services.cli.loading.columns import Columns
from services.cli.topics import connection, names
from services.common.clock import SystemClock
from services.common.errors import invalid
from services.common.eventlog import cloudevents
from services.common.eventlog.port import Message

STANDARD_INPUT = Path("-")

InputFile = Annotated[Path, typer.Option("--file", help="JSON Lines; - is standard input.")]
Source = Annotated[str, typer.Option(help="Source of lines that name none.")]
Raw = Annotated[bool, typer.Option("--raw", help="Put each line as it is, as JSON data, unchecked.")]
Key = Annotated[str, typer.Option(help="Key of raw lines.")]


def put(
    topic: str,
    *,
    file: InputFile = STANDARD_INPUT,
    dsn: options.Dsn = "",
    state_dir: options.StateDir = options.DEFAULT_STATE_DIR,
    source: Source = "//cli.example",
    raw: Raw = False,
    key: Key = "",
) -> None:
    """Put lines on a topic, all or none; TOPIC is a name or a part of it, such as complaint.

    A line is an event with id, source, time and data, or the data alone; what it lacks follows from its content.
    """
    name, lines = names.resolve(topic), _lines(file)
    now = SystemClock().now()
    messages = [_raw(name, line, key, source, now) for line in lines] if raw else _checked(name, lines, source)
    with connection.event_log(dsn, state_dir) as log:
        log.publish(messages)
    print(f"{len(messages):,} on {name}")


def _lines(file: Path) -> list[bytes]:
    text = sys.stdin.buffer.read() if file == STANDARD_INPUT else file.read_bytes()
    return [line for line in text.splitlines() if line.strip()]


def _checked(topic: str, lines: list[bytes], source: str) -> list[Message]:
    intake = next((intake for intake in events.INTAKES.values() if intake.topic == topic), None)
    if intake is None:
        raise invalid(
            "TOPIC", f"{topic} is no intake topic: its events are the platform's own; add --raw to put anyway"
        )
    columns = Columns(intake.aliases)
    return [events.of_row(intake, columns, rows.parse(line), source) for line in lines]


def _raw(topic: str, line: bytes, key: str, source: str, now: datetime) -> Message:
    headers = cloudevents.headers(
        event_id=f"sha256-{sha256(line).hexdigest()[:40]}",
        event_type=topic,
        source=source,
        time=now,
        content_type=cloudevents.JSON,
    )
    return Message(topic=topic, key=key, value=line, headers=headers)
