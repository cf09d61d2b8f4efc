"""merchant-credit dead-letters show: one dead letter whole."""

from rich.console import Console

from services.cli import options
from services.cli.topics import connection, decoding, letters


def show(place: str, dsn: options.Dsn = "", state_dir: options.StateDir = options.DEFAULT_STATE_DIR) -> None:
    """Show a dead letter with its headers and data; PLACE is TOPIC@OFFSET as the list shows it."""
    with connection.database(dsn, state_dir) as conn:
        record = letters.find(conn, letters.place(place))
    Console().print_json(data=decoding.decode(record))
