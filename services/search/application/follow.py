"""Follows the record topic for the projector: reads on from where the index stands, and gathers small batches.

A commit of the index costs some 20 ms whatever is in it, so that a steady stream is gathered for a moment first.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from services.common.clock import Clock
from services.common.eventlog.port import Consumer, EventLog, Message, OffsetLoader, Record, TopicPartition
from services.search.application.project import Projector

GATHER_SECONDS = 0.05


class FollowedLog:
    """An event log whose consumers tell the projector where they start and where the topic ends."""

    def __init__(self, log: EventLog, projector: Projector, clock: Clock) -> None:
        self._log = log
        self._projector = projector
        self._clock = clock

    def publish(self, messages: Sequence[Message]) -> None:
        """See the port."""
        self._log.publish(messages)

    def end_offsets(self, topic: str) -> Mapping[TopicPartition, int]:
        """See the port."""
        return self._log.end_offsets(topic)

    def close(self) -> None:
        """See the port."""
        self._log.close()

    def consumer(self, *, group: str, topics: Sequence[str], load_offsets: OffsetLoader) -> Consumer:
        """See the port; the loaded offsets are lowered to the index's own positions."""

        def load(partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
            return self._projector.resume(load_offsets(partitions))

        (topic,) = topics
        inner = self._log.consumer(group=group, topics=topics, load_offsets=load)
        return _FollowingConsumer(inner, self._projector, lambda: self._aim(topic))

    def _aim(self, topic: str) -> None:
        moment = self._clock.now()
        self._projector.aim(moment, self._log.end_offsets(topic))


class _FollowingConsumer:
    """A consumer that aims before each poll, gathers, and tells the projector when there is nothing."""

    def __init__(self, inner: Consumer, projector: Projector, aim: Callable[[], None]) -> None:
        self._inner = inner
        self._projector = projector
        self._aim = aim

    def poll(self, *, max_records: int, timeout_seconds: float) -> Sequence[Record]:
        """See the port."""
        self._aim()
        records = self._inner.poll(max_records=max_records, timeout_seconds=timeout_seconds)
        if not records:
            self._projector.reached(self._inner.positions())
            self._projector.rest()
            return ()
        return self._gather(records, max_records)

    def _gather(self, records: Sequence[Record], most: int) -> Sequence[Record]:
        """Poll on for a moment; what another has now is left to it: a rebalance in between moves some partitions, and no others."""
        gathered = list(records)
        deadline = time.monotonic() + GATHER_SECONDS
        while len(gathered) < most and (left := deadline - time.monotonic()) > 0:
            gathered += self._inner.poll(max_records=most - len(gathered), timeout_seconds=left)
        owned = self._inner.assignment()
        return [record for record in gathered if TopicPartition(record.topic, record.partition) in owned]

    def assignment(self) -> frozenset[TopicPartition]:
        """See the port."""
        return self._inner.assignment()

    def generation(self) -> int:
        """See the port."""
        return self._inner.generation()

    def positions(self) -> Mapping[TopicPartition, int]:
        """See the port."""
        return self._inner.positions()

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        """See the port; never past what the index holds."""
        self._inner.seek(self._projector.resume(offsets))

    def close(self) -> None:
        """See the port."""
        self._inner.close()
