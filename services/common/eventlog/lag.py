"""How far a member of a group is behind, in records and in time; asked for every ten seconds while metrics are on."""

import time
from collections.abc import Mapping, Sequence

from services.common.eventlog.port import Consumer, EventLog, TopicPartition
from services.common.telemetry import metrics, names

#: The question is one request a topic.
ASK_SECONDS = 10.0


class Lag:
    """Tells the lag of one member; call `tell` between batches, when all that was polled is applied."""

    def __init__(self, event_log: EventLog, group: str, topics: Sequence[str]) -> None:
        self._event_log = event_log
        self._group = group
        self._topics = topics
        self._ask_at = 0.0
        self._told = False
        self._aim: tuple[float, Mapping[TopicPartition, int]] | None = None

    def tell(self, consumer: Consumer) -> None:
        """Ask and tell, if it is time; positions pass by what holds no record."""
        if not metrics.is_on() or time.monotonic() < self._ask_at:
            return
        self._ask_at = time.monotonic() + ASK_SECONDS
        now, positions = time.time(), consumer.positions()
        ends = {topic: self._event_log.end_offsets(topic) for topic in self._topics}
        for topic, found in ends.items():
            lag = sum(max(0, end - positions[tp]) for tp, end in found.items() if tp in positions)
            metrics.put(names.LAG, lag, self._group, topic)
        self._tell_fresh(now, positions, {tp: end for found in ends.values() for tp, end in found.items()})

    def _tell_fresh(
        self, now: float, positions: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> None:
        """Tell the moment whose ends are reached; it stands until then, since under a backlog a new one never would be.

        The first is told at once: who begins with a backlog is behind since then at least, and is to be seen.
        """
        if self._aim is None:
            self._aim = (now, ends)
        is_reached = all(at >= self._aim[1].get(tp, 0) for tp, at in positions.items())
        if is_reached or not self._told:
            metrics.put(names.FRESH_AT, self._aim[0], self._group)
            self._told = True
        if is_reached:
            self._aim = None
