"""Puts events on their topic; what came before is recognised by the consumer's inbox, since ids follow from the rows."""

import asyncio
from collections.abc import Sequence

from services.cli.loading.ledger import Settled
from services.cli.loading.pipeline import Item
from services.common.eventlog.port import EventLog, Message


class TopicSink:
    """Publishes items to an event log."""

    def __init__(self, event_log: EventLog) -> None:
        self._event_log = event_log

    async def send(self, items: Sequence[Item[Message]]) -> Settled:
        """Publish the messages; durable when it returns. Raises LogClosed."""
        await asyncio.to_thread(self._event_log.publish, [item.payload for item in items])
        return Settled(accepted=len(items), unchanged=0)
