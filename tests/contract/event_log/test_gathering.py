"""The projector gathers several polls over Kafka; a rebalance in between takes nothing from what stays with it."""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from services.common.clock import SystemClock
from services.common.eventlog.kafka.log import KafkaEventLog
from services.common.eventlog.kafka.settings import KafkaSettings
from services.common.eventlog.kafka.topics import ensure_topics
from services.common.eventlog.port import Message, Record, TopicPartition
from services.common.eventlog.topics import RECORD
from services.search.adapters.tantivy_writer import TantivyWriter
from services.search.application import follow
from services.search.application.project import Projector
from services.search.consumers.records import decode

PATIENCE_SECONDS = 30.0


def from_the_beginning(asked: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
    return dict.fromkeys(asked, 0)


def test_a_member_that_joins_meanwhile_leaves_the_rest_of_what_was_gathered(
    settings: KafkaSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "GATHER_SECONDS", 5.0)
    ensure_topics(settings, [RECORD])
    keys = {f"k{n}" for n in range(60)}
    gathered: list[Record] = []
    with closing(KafkaEventLog(settings)) as log, closing(TantivyWriter(tmp_path)) as index:
        log.publish([Message(topic=RECORD, key=key, value=b"") for key in sorted(keys)])
        followed = follow.FollowedLog(log, Projector(index, decode), SystemClock())
        reads = {"group": "g", "topics": [RECORD], "load_offsets": from_the_beginning}
        with closing(followed.consumer(**reads)) as first, closing(log.consumer(**reads)) as second:

            def gather() -> None:
                while not gathered:
                    gathered.extend(first.poll(max_records=500, timeout_seconds=0.2))

            gathering = threading.Thread(target=gather)
            gathering.start()
            found: list[Record] = []
            deadline = time.monotonic() + PATIENCE_SECONDS
            while gathering.is_alive() or {one.key for one in [*gathered, *found]} != keys:
                assert time.monotonic() < deadline, f"{len(gathered)} and {len(found)} of {len(keys)}"
                if first.assignment():  # it has begun
                    found += second.poll(max_records=500, timeout_seconds=0.1)
            gathering.join()
            assert found, "nothing moved: there was no rebalance"
            assert gathered
