"""merchant-credit dead-letters replay: dead letters onto their first topic again."""

from typing import Annotated

import typer

from services.cli import options
from services.cli.topics import connection, letters, names
from services.common.errors import invalid

Places = Annotated[list[str], typer.Argument(help="TOPIC@OFFSET as the list shows it; repeatable.")]
All = Annotated[bool, typer.Option("--all", help="Every dead letter of every topic.")]


def replay(
    places: Places = [],  # noqa: B006 - typer reads the default and never changes it
    *,
    everything: All = False,
    dsn: options.Dsn = "",
    state_dir: options.StateDir = options.DEFAULT_STATE_DIR,
) -> None:
    """Publish dead letters again as they first came, after the cause is mended; all in one transaction.

    The dead letters stay where they are. One whose body was not kept, for it held personal data, is left out.
    An event that was applied in the meantime is recognised by its id.
    """
    if everything == bool(places):
        raise invalid("PLACES", "name the dead letters to replay, or give --all")
    with connection.database(dsn, state_dir) as conn:
        found = (
            letters.read(conn, names.dead_letter_topics())
            if everything
            else (letters.find(conn, letters.place(text)) for text in places)
        )
        messages = [letters.original(record) for record in found if not letters.is_withheld(record)]
    with connection.event_log(dsn, state_dir) as log:
        log.publish(messages)
    print(f"{len(messages):,} dead letters replayed")
