"""Rebuilds the index from the whole record topic, beside the one that is read meanwhile."""

import threading
from collections.abc import Mapping

import structlog

from services.common.clock import Clock
from services.common.eventlog.port import EventLog, TopicPartition
from services.common.eventlog.topics import RECORD, SEARCH_GROUP
from services.search.application.ports import Progress, SearchWriter
from services.search.application.project import Decoder, Projector

GROUP = f"{SEARCH_GROUP}.rebuild"
#: Large, because each batch is one commit.
BATCH_RECORDS = 20_000
POLL_SECONDS = 0.5

log = structlog.get_logger()


class RebuildStopped(Exception):
    """The rebuild was told to stop; the index in use is as it was."""


class RebuildIndex:
    """Fills a new index with every record that the topic holds now, then swaps it in."""

    def __init__(self, event_log: EventLog, writer: SearchWriter, decode: Decoder, clock: Clock) -> None:
        self._log = event_log
        self._writer = writer
        self._decode = decode
        self._clock = clock

    def __call__(self, stop: threading.Event) -> None:
        """Rebuild; raises RebuildStopped when told to stop before the end, and leaves the index in use alone then.

        What cannot be read is left out: its dead letter was written when it came first.
        """
        with self._writer.rebuild() as sink:
            projector = Projector(sink, self._decode)
            projector.aim(self._clock.now(), self._log.end_offsets(RECORD))
            skipped = self._fill(projector, stop)
            projector.rest()
        log.info("index_rebuilt", skipped=skipped)

    def _fill(self, projector: Projector, stop: threading.Event) -> int:
        skipped = 0
        consumer = self._log.consumer(group=GROUP, topics=[RECORD], load_offsets=projector.starts)
        try:
            while not projector.is_at_aim():
                if stop.is_set():
                    raise RebuildStopped
                records = consumer.poll(max_records=BATCH_RECORDS, timeout_seconds=POLL_SECONDS)
                skipped += len(projector.apply(records)) if records else 0
                projector.reached(consumer.positions())
        finally:
            consumer.close()
        return skipped


def is_ahead(progress: Progress, ends: Mapping[TopicPartition, int]) -> bool:
    """Tell whether an index holds more than the topic does: the log was put back, and the index is of a lost future."""
    known = {tp.partition: end for tp, end in ends.items()}
    return any(position > known.get(partition, 0) for partition, position in progress.positions.items())
