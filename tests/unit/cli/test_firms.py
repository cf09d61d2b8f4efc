"""Invented firms: valid codes that nobody has, and the samples are whole."""

import csv
import io
from pathlib import Path

import orjson
import pytest

from services.cli.generator import firms
from services.cli.loading import columns, events, registration, rows
from services.cli.loading.columns import Columns
from services.common.errors import InvalidInput
from services.common.kernel import credit_code

SAMPLES = Path(__file__).parents[3] / "samples"
MEGABYTE = 1_000_000


def _registry(count: int, seed: int) -> list[dict[str, str]]:
    out = io.StringIO()
    firms.write(out, count, seed)
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def test_codes_are_valid_without_warning_and_nobody_has_them() -> None:
    for row in _registry(500, seed=5):
        code = credit_code.parse(row["uscc"])
        assert credit_code.warnings(code) == ()
        assert code[8:11] == "MAY"


def test_no_name_and_no_code_comes_twice() -> None:
    rows_ = _registry(5000, seed=5)
    assert len({row["name"] for row in rows_}) == len({row["uscc"] for row in rows_}) == 5000


def test_every_row_loads() -> None:
    names = Columns(columns.REGISTRY)
    for row in _registry(500, seed=6):
        found = registration.of_fields(names.rename(row))
        assert found.region_code
        assert found.established_on == row["reg_date"]


def test_more_firms_than_words_are_refused() -> None:
    with pytest.raises(InvalidInput, match="ask for fewer"):
        firms.write(io.StringIO(), firms.limit() + 1, 1)


def test_the_samples_load_and_name_only_sample_firms() -> None:
    names = Columns(columns.REGISTRY)
    registered = {
        registration.of_fields(names.rename(r.fields)).credit_code for r in rows.read(SAMPLES / "registry.csv")
    }
    assert len(registered) == 2000
    for path in SAMPLES.glob("*.jsonl"):
        intake = events.INTAKES[path.stem]
        known = Columns(intake.aliases)
        assert {events.of_row(intake, known, row.fields, "").key for row in rows.read(path)} <= registered


def test_the_samples_are_small() -> None:
    streams = list(SAMPLES.glob("*.jsonl"))
    assert sum(path.stat().st_size for path in streams) < 4 * MEGABYTE
    assert 11_000 < sum(len(path.read_bytes().splitlines()) for path in streams) < 13_000
    assert all(orjson.loads(path.read_bytes().splitlines()[0]) for path in streams)
