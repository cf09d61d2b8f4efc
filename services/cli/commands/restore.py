"""merchant-credit restore: a backup back into a new folder, up to the last archived record."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli import endpoints, options
from services.cli.commands.backup_base import Archive
from services.common.db import restore as database

Data = Annotated[Path, typer.Option("--data", file_okay=False, help="The server's new data folder, empty or absent.")]


def restore(
    *,
    archive: Archive,
    data: Data,
    dsn: options.Dsn = "",
    state_dir: options.StateDir = options.DEFAULT_STATE_DIR,
) -> None:
    """Restore the newest copy and all of the archived log, and begin a new epoch; the server is left stopped.

    The DSN tells the restored server's user, password and database. Then start the server, run `republish records`, and
    start the services.
    """
    epoch = database.restore(archive, data, endpoints.choose(dsn, state_dir, "dsn"))
    print(f"{data} holds what the archive held; epoch {epoch} has begun\nnext: start the server, republish records")
