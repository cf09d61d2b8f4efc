"""The law's rows from their files."""

from pathlib import Path

from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.law_text import read_law


def load_law(folder: Path) -> Law:
    """Return the law of a folder; raises InvalidInput naming what is missing or unknown, OSError for a missing file."""
    lists, measures, departments = (
        (folder / f"{name}.toml").read_text() for name in ("lists", "measures", "departments")
    )
    return read_law(lists, measures, departments)
