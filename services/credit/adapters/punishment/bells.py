"""Wakes the streams of a server: one connection listens for all departments, however many streams there are."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import structlog

from services.common.logs import told
from services.credit.adapters.punishment.dispatch import CHANNEL

RETRY_SECONDS = 1.0
log = structlog.get_logger()


class Bells:
    """Rings when a department's sequence grew; after a lost connection it rings for all, since some may have been missed."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._bells: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._listening = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

    @contextmanager
    def bell(self, department: str) -> Iterator[asyncio.Event]:
        """Give a bell of a department's for as long as its stream lasts."""
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())
        bell = asyncio.Event()
        self._bells[department].add(bell)
        try:
            yield bell
        finally:
            self._bells[department].discard(bell)

    async def ready(self) -> None:
        """Wait until nothing that grows from now on can be missed."""
        await self._listening.wait()

    def close(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            self._listener.cancel()

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as conn:
                    await conn.execute(f"LISTEN {CHANNEL}")
                    self._listening.set()
                    self._ring_all()
                    async for notice in conn.notifies():
                        self._ring(notice.payload)
            except psycopg.OperationalError as error:
                log.warning("directive_listener_lost", error=told(error))
                await asyncio.sleep(RETRY_SECONDS)

    def _ring(self, department: str) -> None:
        for bell in self._bells.get(department, ()):
            bell.set()

    def _ring_all(self) -> None:
        for department in self._bells:
            self._ring(department)
