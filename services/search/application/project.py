"""Projects records into the index: what a batch of the record topic changes, and how fresh the index is after it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from psycopg import Connection

from services.common.errors import InvalidInput
from services.common.eventlog.batch import DeadLetter
from services.common.eventlog.port import Record, TopicPartition
from services.common.telemetry import metrics, names
from services.search.application.ports import IndexSink, Progress
from services.search.domain.document import Document

#: Reads a message; None means that the record is gone. Raises InvalidInput.
Decoder = Callable[[Record], Document | None]


class Projector:
    """The handler of the record topic.

    The index is committed before the offsets are: after a crash in between, the records come again, and their versions
    make that harmless. The index keeps its own positions, so that an index that was removed or put back from a backup
    is read on from where it stands, whatever the group's offsets say.
    """

    def __init__(self, sink: IndexSink, decode: Decoder) -> None:
        self._sink = sink
        self._decode = decode
        self._positions = dict(sink.progress().positions)
        self._aim: tuple[datetime, Mapping[int, int]] | None = None

    def handle(self, _: Connection, records: Sequence[Record]) -> Sequence[DeadLetter]:
        """Apply records, durable in the index when it returns; returns those that cannot be read."""
        return self.apply(records)

    def apply(self, records: Sequence[Record]) -> Sequence[DeadLetter]:
        """Do what `handle` does, for who has no transaction."""
        batch = _Batch()
        dead = [letter for record in records if (letter := self._take(batch, record)) is not None]
        for record in records:
            self._positions[record.partition] = record.offset + 1
        self._sink.apply([*batch.upserts.values()], sorted(batch.deletes), self._progress())
        return dead

    def resume(self, offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int]:
        """Return where to read on: at the group's offset, or at the index's own position when that is lower."""
        starts = {tp: min(offset, self._positions.get(tp.partition, 0)) for tp, offset in offsets.items()}
        self._positions.update({tp.partition: start for tp, start in starts.items()})
        return starts

    def starts(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return where the index itself reads on."""
        return {tp: self._positions.get(tp.partition, 0) for tp in partitions}

    def reached(self, positions: Mapping[TopicPartition, int]) -> None:
        """Take note of how far the topic was read where it holds no records, such as the ends of transactions."""
        for tp, position in positions.items():
            self._positions[tp.partition] = max(position, self._positions.get(tp.partition, 0))

    def aim(self, moment: datetime, ends: Mapping[TopicPartition, int]) -> None:
        """Tell where the topic ended at a moment; when the index has come so far, it is fresh as of that moment.

        What the sequencer has not numbered yet is not in the topic (it takes milliseconds; without it nothing moves).
        The aim stands until it is reached: under a backlog a new one at each poll would never be.
        """
        if self._aim is None:
            self._aim = (moment, {tp.partition: end for tp, end in ends.items()})

    def rest(self) -> None:
        """Note the freshness when a poll brought nothing."""
        progress = self._progress()
        if progress != self._sink.progress():
            self._sink.note(progress)

    def is_at_aim(self) -> bool:
        """Tell whether every partition has been read as far as it was last aimed; so it is when no aim is open."""
        return self._aim is None or all(self._positions.get(p, 0) >= end for p, end in self._aim[1].items())

    def _take(self, batch: "_Batch", record: Record) -> DeadLetter | None:
        try:
            batch.put(record.key, self._decode(record))
        except InvalidInput as error:
            return DeadLetter(record, error.reason, str(error))
        return None

    def _progress(self) -> Progress:
        as_of = self._sink.progress().as_of
        if self._aim is not None and self.is_at_aim():
            as_of, self._aim = self._aim[0], None
        if as_of is not None:
            metrics.put(names.INDEX_FRESH_AT, as_of.timestamp())
        return Progress(as_of=as_of, positions=dict(self._positions))


class _Batch:
    """What several records of one batch come to: per code the newest document, and whether it was gone in between."""

    def __init__(self) -> None:
        self.upserts: dict[str, Document] = {}
        self.deletes: set[str] = set()

    def put(self, code: str, document: Document | None) -> None:
        if document is None:
            self.upserts.pop(code, None)
            self.deletes.add(code)
        elif code not in self.upserts or self.upserts[code].version < document.version:
            self.upserts[code] = document
