"""The pictures in docs/joint-punishment.md are the state tables."""

from pathlib import Path

from services.credit.domain.punishment.directive import STRICT
from services.credit.domain.punishment.listing import ALLOWED

TEXT = (Path(__file__).parents[4] / "docs" / "joint-punishment.md").read_text()


def arrows(picture: str) -> set[tuple[str, str]]:
    """Return from where which step leads somewhere."""
    lines = [line.split(": ") for line in picture.splitlines() if "-->" in line]
    return {(arrow.split(" --> ")[0].strip(), step) for arrow, step in lines}


def test_the_pictures_are_the_tables() -> None:
    listing, order = (part.split("```")[0] for part in TEXT.split("```mermaid")[1:])
    assert arrows(listing) == {("[*]", "PROPOSE")} | {(s.name, k.name) for s, steps in ALLOWED.items() for k in steps}
    assert arrows(order) == {("[*]", "APPLY")} | {(s.name, k.name) for s, kinds in STRICT.items() for k in kinds}
