"""merchant-credit topic list: the topics and how much they hold."""

from services.cli import options
from services.cli.topics import connection
from services.common.eventlog import reader
from services.common.eventlog.topics import TOPICS


def list_topics(dsn: options.Dsn = "", state_dir: options.StateDir = options.DEFAULT_STATE_DIR) -> None:
    """List the topics: records ever put on them, partitions, and whether only the last of a key is kept."""
    width = max(map(len, TOPICS))
    with connection.database(dsn, state_dir) as conn:
        for topic in TOPICS.values():
            records = sum(reader.end_offsets(conn, topic.name, topic.partitions).values())
            kept = "  compacted" if topic.compacted else ""
            print(f"{topic.name:{width}}  {records:>12,} records  {topic.partitions} partitions{kept}")
