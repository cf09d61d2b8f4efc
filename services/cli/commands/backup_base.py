"""merchant-credit backup base: one copy of the database server's data."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli import endpoints, options
from services.common.clock import SystemClock
from services.common.db.archive import copy_base

Archive = Annotated[Path, typer.Option("--archive", file_okay=False, help="Folder of the backups, on another disk.")]


def base(*, archive: Archive, dsn: options.Dsn = "", state_dir: options.StateDir = options.DEFAULT_STATE_DIR) -> None:
    """Copy the whole running server into the archive; each night, beside `backup wal`, which never stops."""
    print(f"copied to {copy_base(endpoints.choose(dsn, state_dir, 'dsn'), archive, SystemClock().now())}")
