"""Announces that cases changed: ids without content, a few messages a transaction however many cases it moved."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import uuid4

from merchantcredit.events.v1.case_change_pb2 import CaseChanged

from services.common.eventlog import cloudevents
from services.common.eventlog.partition import partition_of
from services.common.eventlog.port import Message
from services.common.eventlog.topics import CASE_CHANGE, TOPICS
from services.credit.adapters.record_store import SOURCE
from services.credit.domain.carrying import is_carried
from services.credit.domain.facts import Fact

#: A watch reads the cases of a message at once.
MOST = 500


def case_messages(facts: Iterable[Fact], at: datetime) -> list[Message]:
    """Return the announcements; the cases of one merchant stay in one partition, in order."""
    by_partition: dict[int, list[str]] = defaultdict(list)
    for fact in facts:
        if fact.case is not None and not is_carried(fact.fact_id):
            by_partition[partition_of(fact.body.code, TOPICS[CASE_CHANGE].partitions)].append(fact.fact_id)
    return [
        _message(partition, ids[start : start + MOST], at)
        for partition, ids in sorted(by_partition.items())
        for start in range(0, len(ids), MOST)
    ]


def _message(partition: int, complaint_ids: list[str], at: datetime) -> Message:
    headers = cloudevents.headers(event_id=uuid4().hex, event_type=CASE_CHANGE, source=SOURCE, time=at)
    value = CaseChanged(complaint_ids=complaint_ids).SerializeToString()
    return Message(topic=CASE_CHANGE, key="", value=value, headers=headers, partition=partition)
