"""What a department saw, written down as it saw it: one JSON object a line, also what came twice."""

import os
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import orjson
from merchantcredit.events.v1.directive_pb2 import NumberedDirective

#: No line is longer.
MOST_LINE = 65_536


class Seen(NamedTuple):
    """A directive that came; `took_effect` tells whether the department acted on it, or knew it already."""

    department: str
    number: int
    digest: bytes
    directive: bytes
    took_effect: bool


class Journal:
    """Appends to a department's file; each line is with the operating system before the directive takes effect."""

    def __init__(self, folder: Path, department: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{department}.jsonl"
        self._answered_path = folder / f"{department}.answered"
        mend(self._path)

    def write(self, came: Iterable[NumberedDirective], last: int) -> int:
        """Write what came after a last number that took effect; return the new last number."""
        lines = []
        for one in came:
            took_effect = one.number == last + 1
            last = one.number if took_effect else last
            lines.append(_line(one, took_effect=took_effect))
        with self._path.open("ab") as file:
            file.write(b"".join(lines))
        return last

    def answered(self) -> int:
        """Return the number up to which everything was answered; answers go out in the order of numbers."""
        return int(self._answered_path.read_text()) if self._answered_path.exists() else 0

    def note_answered(self, number: int) -> None:
        """Note that everything up to a number was answered; a kill in the middle leaves the number before."""
        fresh = self._answered_path.with_suffix(".new")
        fresh.write_text(str(number))
        fresh.replace(self._answered_path)


def mend(path: Path) -> None:
    """Cut off a line that a kill tore: it had not taken effect."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        tail = file.seek(max(0, size - MOST_LINE))
        kept = file.read()
        if kept and not kept.endswith(b"\n"):
            file.truncate(tail + kept.rfind(b"\n") + 1)


def read(folder: Path, departments: Collection[str] | None = None) -> Iterator[Seen]:
    """Yield what the departments of a folder saw, or some of them, one after the other, in the order in which it came."""
    for path in sorted(folder.glob("*.jsonl")):
        if departments is not None and path.stem not in departments:
            continue
        with path.open("rb") as file:
            for line in file:
                told = orjson.loads(line)
                yield Seen(
                    path.stem,
                    told["number"],
                    bytes.fromhex(told["digest"]),
                    b64decode(told["directive"]),
                    told["effect"],
                )


def _line(one: NumberedDirective, *, took_effect: bool) -> bytes:
    told = {
        "number": one.number,
        "digest": one.digest.hex(),
        "directive": b64encode(one.directive).decode(),
        "effect": took_effect,
    }
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)
