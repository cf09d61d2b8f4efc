"""Writes rows as the loads read them: CSV under a header, or JSON Lines, by the file's suffix."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import orjson

from services.cli.loading import rows
from services.common.errors import invalid

Row = Mapping[str, object]


def check_out(out: Path) -> None:
    """Raise InvalidInput when a file cannot be written anew as rows."""
    if out.suffix.lower() not in rows.CSV_SUFFIXES + rows.JSON_LINES_SUFFIXES:
        raise invalid("--out", f"{out.name} ends in none of .csv, .jsonl, .ndjson: name it so")
    if out.exists():
        raise invalid("--out", f"{out} exists: name a new file")


@contextmanager
def whole(out: Path, header: Sequence[str]) -> Iterator[Callable[[Row], object]]:
    """Give what writes rows beside a file's place, and put the file there when all are written: a half one never stands there."""
    fresh = out.with_name(f"{out.name}.part")
    with fresh.open("w", encoding="utf-8", newline="") as file:
        yield writer(file, out.suffix.lower(), header)
    fresh.replace(out)


def writer(file: IO[str], suffix: str, header: Sequence[str] | None) -> Callable[[Row], object]:
    """Return what writes one row; a CSV file gets its header at once, and nothing in columns that a row lacks."""
    if suffix not in rows.CSV_SUFFIXES:
        return lambda row: file.write(orjson.dumps(row).decode() + "\n")
    table = csv.DictWriter(file, header or ())
    table.writeheader()
    return table.writerow


def write(file: IO[str], suffix: str, header: Sequence[str] | None, told: Iterable[Row]) -> int:
    """Write rows and return how many."""
    put, count = writer(file, suffix, header), 0
    for row in told:
        put(row)
        count += 1
    return count
