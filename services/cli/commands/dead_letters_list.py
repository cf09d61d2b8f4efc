"""merchant-credit dead-letters list: what could not be applied, and why."""

from rich.console import Console
from rich.table import Table

from services.cli import options
from services.cli.topics import connection, letters, names


def list_letters(dsn: options.Dsn = "", state_dir: options.StateDir = options.DEFAULT_STATE_DIR) -> None:
    """List the dead letters of all topics with their reason."""
    table = Table("place", "key", "event", "reason", "what is wrong")
    for column in table.columns[:1]:
        column.overflow = "fold"
    with connection.database(dsn, state_dir) as conn:
        for record in letters.read(conn, names.dead_letter_topics()):
            told = record.headers
            event = f"{told.get('ce_source', '')} {told.get('ce_id', '')}"
            table.add_row(
                str(letters.of(record)), record.key, event, told.get("dlq_reason"), told.get("dlq_description")
            )
    Console().print(table)
    print(f"{table.row_count:,} dead letters")
