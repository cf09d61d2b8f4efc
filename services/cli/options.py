"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

StateDir = Annotated[Path, typer.Option("--state-dir", help="Folder of a running platform; endpoints.json is read.")]
Dsn = Annotated[str, typer.Option("--dsn", help="PostgreSQL of the event log; default: from --state-dir.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV or JSON Lines.")]
Rejects = Annotated[
    Path | None, typer.Option("--rejects", help="Where bad rows go; default: <state-dir>/loads/<FILE>.rejects.jsonl.")
]
Map = Annotated[list[str], typer.Option("--map", metavar="COLUMN=FIELD", help="Read a column as a field; repeatable.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where a load of this file was cut off.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")]

DEFAULT_STATE_DIR = Path("var")


def rejects_path(given: Path | None, state_dir: Path, file: Path) -> Path:
    """Return where the rejects of a file go."""
    return given or state_dir / "loads" / f"{file.name}.rejects.jsonl"
