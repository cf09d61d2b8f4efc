"""merchant-credit generate: realistic streams over the firms of a registry."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.generator import constants, merchants, plan, streams
from services.cli.generator.merchants import Firm
from services.cli.loading import columns, registration, rows
from services.cli.loading.columns import Columns
from services.cli.loading.rows import Row
from services.cli.options import Seed
from services.common.errors import FieldViolation, InvalidInput
from services.common.kernel.day import parse_day, parse_optional_day


def generate(
    *,
    registry: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Registry CSV; merchants are its firms.")],
    events: Annotated[int, typer.Option(min=1, help="How many events, about.")],
    merchant_count: Annotated[int, typer.Option("--merchants", min=1, help="How many firms trade.")],
    until: Annotated[str, typer.Option(help="The last event day, YYYY-MM-DD.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for complaints, violations, volumes .jsonl.")],
    seed: Seed = 1,
    duplicates: Annotated[float, typer.Option(min=0.0, max=0.5, help="Share of events delivered twice.")] = 0.02,
) -> None:
    """Write complaints.jsonl, violations.jsonl and volumes.jsonl; the same arguments give the same bytes."""
    chosen = merchants.draw(_firms(registry), merchant_count, seed)
    made = plan.make(chosen, events=events, seed=seed, until=parse_day(until, "--until"), duplicates=duplicates)
    written = streams.write(made, chosen, out)
    years = made.cases / constants.ONLINE_CASES_PER_YEAR
    for name, count in written.items():
        print(f"{out / name}.jsonl  {count:,}")
    print(f"{sum(written.values()):,} events in {len(made.months)} months: {years:.2f} years of Guizhou's online cases")


def _firms(path: Path) -> list[Firm]:
    names = columns.Columns(columns.REGISTRY)
    names.check(rows.header(path), registration.REQUIRED)
    return [_firm(row, names) for row in rows.read(path)]


def _firm(row: Row, names: Columns) -> Firm:
    """Return the firm of a row; the generator stops at a bad one, since its streams would silently lack a firm."""
    if row.problem:
        description = f"line {row.line}: {row.problem}"
        raise InvalidInput(
            f"--registry: {description}", violations=(FieldViolation(field="registry", description=description),)
        )
    found = registration.of_fields(names.rename(row.fields))
    return Firm(found.credit_code, parse_optional_day(found.established_on, "established_on"))
