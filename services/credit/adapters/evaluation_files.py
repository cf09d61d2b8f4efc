"""The files of an evaluation: CSV with a header, and mappings in TOML, of which some are shipped."""

import csv
from collections.abc import Iterator
from pathlib import Path

from services.common.errors import InvalidInput, invalid
from services.credit.application.evaluate import RowFile
from services.credit.domain import evaluation_mapping
from services.credit.domain.evaluation_mapping import EvaluationMapping, Row


def read_rows(path: Path, field: str) -> RowFile:
    """Open a CSV file; raises InvalidInput, when it is read, for what is not UTF-8 or a row that is too short."""
    rows = _rows(path, field)
    first = next(rows, None)
    if first is None:
        raise invalid(field, f"{path} has no row under its header")
    return RowFile(list(first), _again(first, rows))


def find_mapping(given: Path | None, folder: Path, facts: RowFile, outcomes: RowFile) -> EvaluationMapping:
    """Return the mapping that was given, else the first shipped one whose columns both files have."""
    if given is not None:
        return evaluation_mapping.load(given.read_text(encoding="utf-8"))
    shipped = [evaluation_mapping.load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))]
    found = next((mapping for mapping in shipped if _fits(mapping, facts, outcomes)), None)
    if found is None:
        raise invalid("--mapping", f"no shipped mapping has columns like these files: write one like those in {folder}")
    return found


def _fits(mapping: EvaluationMapping, facts: RowFile, outcomes: RowFile) -> bool:
    try:
        mapping.check(facts.columns, outcomes.columns)
    except InvalidInput:
        return False
    return True


def _rows(path: Path, field: str) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            for row in reader:
                yield _whole(row, field, reader.line_num)
        except (UnicodeDecodeError, csv.Error) as error:
            raise invalid(field, f"{path}, line {reader.line_num}: {error}; give CSV in UTF-8") from error


def _whole(row: dict[str, str], field: str, line: int) -> Row:
    if None in row or None in row.values():
        raise invalid(field, f"line {line} has other columns than the header")
    return row


def _again(first: Row, rest: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rest
