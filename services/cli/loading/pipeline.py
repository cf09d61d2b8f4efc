"""Rows to chunks, a few chunks in flight, settled in the order of the file, so that progress is always a line number."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from services.cli.loading.ledger import Ledger, Reject, Settled
from services.cli.loading.rows import Row
from services.common.errors import InvalidInput

T = TypeVar("T")


class Item(NamedTuple, Generic[T]):
    """A row that could be read: the row, the key that must not stand twice in flight, and what is sent."""

    row: Row
    key: str
    payload: T


@dataclass(slots=True)
class Chunk(Generic[T]):
    """Rows that are sent and settled together, and those among them that could not be read."""

    items: list[Item[T]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    last_line: int = 0
    end: int = 0

    @property
    def read(self) -> int:
        """Return how many rows the chunk holds."""
        return len(self.items) + len(self.rejects)

    @property
    def keys(self) -> set[str]:
        """Return the keys in it."""
        return {item.key for item in self.items}


#: Sends the items of a chunk and tells what became of them.
Send = Callable[[Sequence[Item[T]]], Awaitable[Settled]]


def chunks(rows: Iterable[Row], convert: Callable[[Row], Item[T]], *, size: int, unique: bool) -> Iterator[Chunk[T]]:
    """Convert rows and cut them into chunks of at most `size`; with `unique`, no chunk has a key twice."""
    chunk: Chunk[T] = Chunk()
    keys: set[str] = set()
    for row in rows:
        item = _converted(row, convert)
        if chunk.read >= size or (unique and isinstance(item, Item) and item.key in keys):
            yield chunk
            chunk, keys = Chunk(), set()
        if isinstance(item, Item):
            chunk.items.append(item)
            keys.add(item.key)
        else:
            chunk.rejects.append(item)
        chunk.last_line, chunk.end = row.last_line, row.end
    if chunk.read:
        yield chunk


def _converted(row: Row, convert: Callable[[Row], Item[T]]) -> Item[T] | Reject:
    if row.problem:
        return Reject(row.line, "", row.problem, row.original)
    try:
        return convert(row)
    except InvalidInput as error:
        return Reject(row.line, error.violations[0].field if error.violations else "", str(error), row.original)


async def run(
    source: Iterable[Chunk[T]], send: Send[T], ledger: Ledger, *, in_flight: int, progress: Callable[[int], None]
) -> None:
    """Send all chunks, at most `in_flight` at once, never the same key in two of them; raises what a send raises."""
    flying: deque[tuple[Chunk[T], asyncio.Task[Settled]]] = deque()
    try:
        for chunk in source:
            while flying and (len(flying) >= in_flight or _share_a_key(chunk, flying)):
                await _land(*flying.popleft(), ledger, progress)
            flying.append((chunk, asyncio.ensure_future(_sent(send, chunk.items))))
            await asyncio.sleep(0)  # reading the next rows does not yield, so the call is let out first
        while flying:
            await _land(*flying.popleft(), ledger, progress)
    finally:
        for _, task in flying:
            task.cancel()
        await asyncio.gather(*(task for _, task in flying), return_exceptions=True)


async def _sent(send: Send[T], items: Sequence[Item[T]]) -> Settled:
    return await send(items) if items else Settled(0, 0)


async def _land(
    chunk: Chunk[T], task: "asyncio.Task[Settled]", ledger: Ledger, progress: Callable[[int], None]
) -> None:
    settled = await task
    rejects = sorted([*chunk.rejects, *settled.rejects])
    ledger.settle(read=chunk.read, last_line=chunk.last_line, settled=settled._replace(rejects=rejects))
    progress(chunk.end)


def _share_a_key(chunk: Chunk[T], flying: Iterable[tuple[Chunk[T], object]]) -> bool:
    keys = chunk.keys
    return any(not keys.isdisjoint(other.keys) for other, _ in flying)
