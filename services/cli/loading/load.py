"""One load of one file: what it reads, how far it came, and the bar that shows it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from services.cli.loading import ledger, pipeline, rows
from services.cli.loading.ledger import Totals
from services.cli.loading.pipeline import Item, Send
from services.cli.loading.rows import Row

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to load: the file, where rejects go, whether to go on from a kept state, and how to cut and send.

    Where a row may name a person it is kept nowhere else: its reject tells the line, which leads to it in the file.
    """

    path: Path
    rejects_path: Path
    resume: bool
    chunk_size: int
    in_flight: int
    unique_keys: bool
    may_name_persons: bool = False

    async def run(self, convert: Callable[[Row], Item[T]], send: Send[T]) -> Totals:
        """Load the file and return the control totals; raises what a send raises, after keeping the progress."""
        kept = ledger.begin(self.path, self.rejects_path, resume=self.resume)
        left = (self._kept(row) for row in rows.read(self.path) if row.line > kept.line)
        cut = pipeline.chunks(left, convert, size=self.chunk_size, unique=self.unique_keys)
        with _bar(self.path) as progress:
            await pipeline.run(cut, send, kept, in_flight=self.in_flight, progress=progress)
        return kept.finish()

    def _kept(self, row: Row) -> Row:
        return row._replace(original="") if self.may_name_persons else row


@contextmanager
def _bar(path: Path) -> Iterator[Callable[[int], None]]:
    """Show on standard error how much of the file is settled; give what moves it, by bytes."""
    columns = (TextColumn(path.name), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(path.name, total=path.stat().st_size)
        yield lambda end: progress.update(task, completed=end)
