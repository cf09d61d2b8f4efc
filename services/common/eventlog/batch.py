"""The micro-batch loop that all consumers share: poll, one transaction with effect, dead letters and offsets, next.

Redelivery, reordering, restart and rebalance change nothing: the offsets move by compare-and-set in the transaction of
the effect, so that a zombie's whole transaction fails. A batch that fails is halved until the bad message stands alone.
A flood of bad messages stops the process with its backlog intact instead of draining the topic into the dead letters.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog
from psycopg import Connection
from psycopg.errors import DeadlockDetected, LockNotAvailable, UniqueViolation

from services.common.db.pool import Pool
from services.common.errors import InvalidInput, PersonalDataInClear, PlatformError
from services.common.eventlog import offsets, outbox, places
from services.common.eventlog.lag import Lag
from services.common.eventlog.port import Consumer, EventLog, Message, OffsetConflict, Record, TopicPartition
from services.common.eventlog.topics import dead_letter_topic
from services.common.telemetry import health, metrics, names, traces

log = structlog.get_logger()

#: Dead letters are kept for good, and personal data may not be: its source sends the event again, sealed.
WITHHELD = "the body held personal data in the clear and is not kept: send the event again without them"


class DeadLetter(NamedTuple):
    """A record that cannot be applied, with the reason that names the field and the fix."""

    record: Record
    reason: str
    description: str


#: Applies records inside the given transaction and returns those that it cannot apply.
Handler = Callable[[Connection, Sequence[Record]], Sequence[DeadLetter]]


class DeadLetterFlood(PlatformError):
    """Too many dead letters in a row: something is wrong with us or with a source; the backlog is intact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPolicy:
    """How large a batch is, how long a poll waits, and how many dead letters in a row stop the process.

    Under a backlog a full batch that took less than `aim_seconds` is followed by one of twice its size, up to `most_records`;
    after one that took longer than twice that the size is halved again, down to `max_records`, where it begins.
    A batch that was not full is followed by another one `apart_seconds` after its beginning at the earliest: what a batch costs by
    itself is then shared by more records. A record that comes alone waits for nothing.
    """

    max_records: int = 2000
    most_records: int = 0
    aim_seconds: float = 2.0
    poll_seconds: float = 0.5
    apart_seconds: float = 0.0
    max_consecutive_dead_letters: int = 1000

    def size_after(self, size: int, taken: int, seconds: float) -> int:
        """Return how many records the batch after one may hold, which held so many of at most `size` and took so long."""
        if taken == size and seconds < self.aim_seconds:
            return max(size, min(2 * size, self.most_records))
        return max(size // 2, self.max_records) if seconds > 2 * self.aim_seconds else size

    def wait_after(self, size: int, taken: int, seconds: float) -> float:
        """Return how many seconds to wait after a batch which held so many of at most `size`, so long after it began."""
        return max(0.0, self.apart_seconds - seconds) if 0 < taken < size else 0.0


@dataclass(slots=True)
class BatchConsumer:
    """Runs a handler over topics as one member of a consumer group."""

    event_log: EventLog
    group: str
    topics: Sequence[str]
    pool: Pool
    handler: Handler
    policy: BatchPolicy = field(default_factory=BatchPolicy)
    _committed: dict[TopicPartition, int] = field(default_factory=dict)
    _consecutive: int = 0
    _size: int = 0

    @property
    def name(self) -> str:
        """Return the loop's name."""
        return self.group

    def run(self, stop: threading.Event) -> None:
        """Consume until stopped; then leave the group."""
        consumer = self.event_log.consumer(group=self.group, topics=self.topics, load_offsets=self._load)
        lag = Lag(self.event_log, self.group, self.topics)
        with closing(consumer), health.awaited(self.name):
            while not stop.is_set():
                began, size = time.monotonic(), self.size
                taken = self.step(consumer)
                health.beat(self.name)
                lag.tell(consumer)
                stop.wait(self.policy.wait_after(size, taken, time.monotonic() - began))

    @property
    def size(self) -> int:
        """Return how many records the next batch holds at most."""
        return self._size or self.policy.max_records

    def step(self, consumer: Consumer) -> int:
        """Poll and process one batch; returns how many records were committed."""
        records = consumer.poll(max_records=self.size, timeout_seconds=self.policy.poll_seconds)
        if not records:
            return 0
        try:
            self._timed(records, consumer.generation())
        except (OffsetConflict, DeadlockDetected, LockNotAvailable, UniqueViolation) as conflict:
            # Another worker was, or a frozen one still is, at the same rows: this batch was rolled back as a whole, so it is read again.
            log.info("batch_superseded", reason=type(conflict).__name__, **places.named(self.group, records))
            metrics.add(names.BATCHES_SUPERSEDED, self.group)
            consumer.seek(self._load(list(self._committed)))
            return 0
        return len(records)

    def _load(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        with self.pool.connection() as conn:
            self._committed.update(offsets.load(conn, self.group, partitions))
        return {partition: self._committed[partition] for partition in partitions}

    def _timed(self, records: Sequence[Record], generation: int) -> None:
        began = time.perf_counter()
        with traces.batch(self.group, (record.headers for record in records), len(records)):
            self._process(records, generation)
        seconds = time.perf_counter() - began
        self._size = self.policy.size_after(self.size, len(records), seconds)
        metrics.observe(names.BATCH_SECONDS, seconds, self.group)
        metrics.observe(names.BATCH_RECORDS, len(records), self.group)

    def _process(self, records: Sequence[Record], generation: int) -> None:
        try:
            dead = self._commit(records, generation)
        except InvalidInput as error:
            if len(records) == 1:
                self._commit_dead(DeadLetter(records[0], error.reason, str(error)), generation)
                return
            log.warning("batch_halved", size=len(records), reason=error.reason, **places.named(self.group, records))
            middle = len(records) // 2
            self._process(records[:middle], generation)
            self._process(records[middle:], generation)
            return
        self._consecutive = self._consecutive + len(dead) if len(dead) == len(records) else 0

    def _commit(self, records: Sequence[Record], generation: int) -> Sequence[DeadLetter]:
        moves = self._moves(records)
        with self.pool.connection() as conn:
            with places.bound(self.group, records):
                dead = self.handler(conn, records)
            self._bury(conn, dead, of=len(records))
            offsets.advance(conn, self.group, moves, generation)
        self._committed.update({partition: target for partition, (_, target) in moves.items()})
        self._tell(dead)
        return dead

    def _tell(self, dead: Sequence[DeadLetter]) -> None:
        """Log and count dead letters; their descriptions may quote the body and stay with the letter."""
        for letter in dead:
            log.warning("dead_letter", group=self.group, reason=letter.reason, **places.of(letter.record))
            metrics.add(names.DEAD_LETTERS, self.group, letter.reason)

    def _commit_dead(self, dead: DeadLetter, generation: int) -> None:
        moves = self._moves([dead.record])
        with self.pool.connection() as conn:
            self._bury(conn, [dead], of=1)
            offsets.advance(conn, self.group, moves, generation)
        self._committed.update({partition: target for partition, (_, target) in moves.items()})
        self._tell([dead])
        self._consecutive += 1

    def _bury(self, conn: Connection, dead: Sequence[DeadLetter], *, of: int) -> None:
        if len(dead) == of and self._consecutive + len(dead) > self.policy.max_consecutive_dead_letters:
            raise DeadLetterFlood(
                f"{self._consecutive + len(dead)} dead letters in a row in {self.group}, the last at "
                f"{places.at(dead[-1].record)} for {dead[-1].reason}; mend the cause and start again, nothing was dropped"
            )
        outbox.append(conn, [_letter(letter, self.group) for letter in dead])

    def _moves(self, records: Sequence[Record]) -> dict[TopicPartition, tuple[int, int]]:
        targets = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}
        return {partition: (self._committed.get(partition, 0), target) for partition, target in targets.items()}


def _letter(dead: DeadLetter, group: str) -> Message:
    """Return the dead letter: the record as it came, and headers that say whence it is and why it is here."""
    record = dead.record
    origin = {
        "dlq_topic": record.topic,
        "dlq_partition": str(record.partition),
        "dlq_offset": str(record.offset),
        "dlq_reason": dead.reason,
        "dlq_description": dead.description[:1000],
    }
    if dead.reason == PersonalDataInClear.reason:
        origin["dlq_withheld"] = WITHHELD
    return Message(
        topic=dead_letter_topic(record.topic, group),
        key=record.key,
        value=b"" if "dlq_withheld" in origin else record.value,
        headers={**record.headers, **origin},
    )
