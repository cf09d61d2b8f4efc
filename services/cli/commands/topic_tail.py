"""merchant-credit topic tail: what stands on a topic and what comes."""

from itertools import islice
from typing import Annotated

import orjson
import typer

from services.cli import options
from services.cli.topics import connection, decoding, names, tail
from services.common.eventlog.port import Record

FromStart = Annotated[bool, typer.Option("--from-start", help="Begin at the first record, not at the next.")]
Count = Annotated[int | None, typer.Option(min=1, help="Stop after so many; default: at Ctrl-C.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a record, with place and headers.")]


def tail_topic(
    topic: str,
    *,
    dsn: options.Dsn = "",
    state_dir: options.StateDir = options.DEFAULT_STATE_DIR,
    from_start: FromStart = False,
    count: Count = None,
    as_json: Json = False,
) -> None:
    """Print records as they come; TOPIC is a name or a part of it, such as complaint."""
    name = names.resolve(topic)
    with connection.database(dsn, state_dir) as conn:
        positions = tail.starts(conn, name, from_start=from_start)
        for record in islice(tail.follow(conn, positions), count):
            print(orjson.dumps(decoding.decode(record)).decode() if as_json else _line(record), flush=True)


def _line(record: Record) -> str:
    return f"{record.partition}/{record.offset}  {record.key}  {orjson.dumps(decoding.data(record)).decode()}"
