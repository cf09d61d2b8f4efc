"""merchant-credit topic list: the topics and how much they hold."""

from rich.console import Console
from rich.table import Table

from services.cli import options
from services.cli.topics import connection
from services.common.eventlog import reader
from services.common.eventlog.topics import TOPICS


def list_topics(dsn: options.Dsn = "", state_dir: options.StateDir = options.DEFAULT_STATE_DIR) -> None:
    """List the topics with their partitions and the records ever put on them."""
    table = Table("topic", "partitions", "compacted", "records")
    with connection.database(dsn, state_dir) as conn:
        for topic in TOPICS.values():
            records = sum(reader.end_offsets(conn, topic.name, topic.partitions).values())
            table.add_row(topic.name, str(topic.partitions), "yes" if topic.compacted else "", f"{records:,}")
    Console().print(table)
