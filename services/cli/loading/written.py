"""Writes rows as the loads read them: CSV under a header, or JSON Lines, by the file's suffix."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO

import orjson

from services.cli.loading import rows

Row = Mapping[str, object]


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
