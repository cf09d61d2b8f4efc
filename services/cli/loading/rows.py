"""Reads CSV and JSON Lines as rows with their line numbers; a row that cannot be read says why and stops nothing."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import orjson

from services.common.errors import FieldViolation, InvalidInput

CSV_SUFFIXES = (".csv",)
JSON_LINES_SUFFIXES = (".jsonl", ".ndjson")


class Row(NamedTuple):
    """One record: its first and last line, the byte after it, its text as it came, its fields, or what is wrong."""

    line: int
    last_line: int
    end: int
    original: str
    fields: Mapping[str, object]
    problem: str = ""


class _Lines:
    """Lines of a file, and which of them the present record is made of."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.number = 0
        self.end = 0
        self._taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for raw in self._file:
            self.number += 1
            self.end += len(raw)
            # what is not UTF-8 becomes surrogates: the row is refused, the rest of the file is read on
            text = raw.decode("utf-8-sig" if self.number == 1 else "utf-8", "surrogateescape")
            self._taken.append(text)
            yield text

    def row(self, fields: Mapping[str, object], problem: str = "") -> Row:
        """Make a row of the lines taken since the row before."""
        original = "".join(self._taken).rstrip("\r\n")
        line = self.number - len(self._taken) + 1
        self._taken = []
        if not _is_text(original):
            fields, problem = {}, "the line is not UTF-8: convert the file"
            original = original.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return Row(line, self.number, self.end, original, fields, problem)


def read(path: Path) -> Iterator[Row]:
    """Read a file by its suffix; raises InvalidInput for another suffix and for a CSV file without a header."""
    suffix = path.suffix.lower()
    if suffix not in CSV_SUFFIXES + JSON_LINES_SUFFIXES:
        known = ", ".join(CSV_SUFFIXES + JSON_LINES_SUFFIXES)
        description = f"{path.name} ends in none of {known}: rename or convert it"
        raise InvalidInput(f"FILE: {description}", violations=(FieldViolation(field="FILE", description=description),))
    with path.open("rb") as file:
        yield from _csv(_Lines(file)) if suffix in CSV_SUFFIXES else _json_lines(_Lines(file))


def header(path: Path) -> Sequence[str] | None:
    """Return the column names of a CSV file; None for JSON Lines, whose lines each have their own."""
    if path.suffix.lower() not in CSV_SUFFIXES:
        return None
    with path.open("rb") as file:
        return next(csv.reader(_Lines(file)), [])


def _csv(lines: _Lines) -> Iterator[Row]:
    reader = csv.reader(lines)
    names: list[str] | None = None
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield lines.row({}, f"the line is no CSV: {error}")
            continue
        row = lines.row({})
        if names is None:
            names = values
        elif values:
            yield _named(row, names, values)


def _named(row: Row, names: list[str], values: list[str]) -> Row:
    if row.problem:
        return row
    if len(values) != len(names):
        return row._replace(problem=f"the row has {len(values)} columns, the header {len(names)}: quote or add commas")
    return row._replace(fields=dict(zip(names, values, strict=True)))


def _json_lines(lines: _Lines) -> Iterator[Row]:
    for text in lines:
        row = lines.row({})
        if text.strip():
            yield row if row.problem else _parsed(row)


def _parsed(row: Row) -> Row:
    try:
        return row._replace(fields=parse(row.original))
    except InvalidInput as error:
        return row._replace(problem=str(error))


def parse(line: str | bytes) -> Mapping[str, object]:
    """Return the object of a JSON line; raises InvalidInput when it is something else."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"the line is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidInput("the line is no JSON object: write one object a line")
    return value


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
