"""merchant-credit backup wal: the database server's log into the archive, as it is written."""

import os

from services.cli import endpoints, options
from services.cli.commands.backup_base import Archive
from services.common.db.archive import stream_command


def wal(*, archive: Archive, dsn: options.Dsn = "", state_dir: options.StateDir = options.DEFAULT_STATE_DIR) -> None:
    """Stream the log into the archive until stopped; run it as a service beside the server."""
    command, environment = stream_command(endpoints.choose(dsn, state_dir, "dsn"), archive)
    print("streaming the log", flush=True)
    os.execve(command[0], command, environment)  # noqa: S606 - a program of PostgreSQL
