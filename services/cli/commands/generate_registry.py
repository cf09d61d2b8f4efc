"""merchant-credit generate-registry: a registry of invented firms."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.generator import firms
from services.cli.options import Seed


def generate_registry(
    out: Annotated[Path, typer.Option(dir_okay=False, help="The CSV file to write.")],
    count: Annotated[int, typer.Option("--firms", min=1, help="How many firms.")],
    seed: Seed = 1,
) -> None:
    """Write invented firms with valid codes that nobody has; the same arguments give the same bytes."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8", newline="") as file:
        firms.write(file, count, seed)
    print(f"{out}  {count:,} invented firms")
