"""A file is one idea: long files fail (style.md 2.12)."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT = 400


def _sources() -> list[Path]:
    return [p for p in (ROOT / "services").rglob("*.py") if "migrations" not in p.parts]


def test_no_file_is_longer_than_the_limit() -> None:
    too_long = {str(p.relative_to(ROOT)): n for p in _sources() if (n := p.read_text().count("\n")) > LIMIT}
    assert too_long == {}


def test_every_package_says_what_it_is() -> None:
    silent = [str(p.relative_to(ROOT)) for p in _sources() if p.name == "__init__.py" and '"""' not in p.read_text()]
    assert silent == []
