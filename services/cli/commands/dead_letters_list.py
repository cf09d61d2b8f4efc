"""merchant-credit dead-letters list: what could not be applied, and why."""

from services.cli import options
from services.cli.topics import connection, letters, names
from services.common.eventlog.port import Record


def list_letters(dsn: options.Dsn = "", state_dir: options.StateDir = options.DEFAULT_STATE_DIR) -> None:
    """List the dead letters of all topics: place, event, reason, and what is wrong."""
    count = 0
    with connection.database(dsn, state_dir) as conn:
        for record in letters.read(conn, names.dead_letter_topics()):
            print(_line(record))
            count += 1
    print(f"{count:,} dead letters")


def _line(record: Record) -> str:
    told = record.headers
    event = f"{told.get('ce_source', '?')} {told.get('ce_id', '?')}"
    return f"{letters.of(record)}  {event}  {told.get('dlq_reason', '?')}: {told.get('dlq_description', '?')}"
