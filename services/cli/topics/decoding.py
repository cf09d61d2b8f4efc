"""Records as people read them: protobuf of known topics as JSON, what cannot be read as base64."""

from base64 import b64encode
from typing import Any

import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError, Message
from merchantcredit.credit.v1.record_pb2 import PublicRecord
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported
from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot
from merchantcredit.events.v1.grade_change_pb2 import GradeChanged
from merchantcredit.events.v1.violation_pb2 import ViolationReported
from merchantcredit.events.v1.volume_pb2 import VolumeReported

from services.cli.topics.names import DEAD_LETTERS
from services.common.eventlog import cloudevents, topics
from services.common.eventlog.port import Record

MESSAGES: dict[str, type[Message]] = {
    topics.ENTERPRISE: EnterpriseSnapshot,
    topics.COMPLAINT: ComplaintReported,
    topics.VIOLATION: ViolationReported,
    topics.VOLUME: VolumeReported,
    topics.RECORD: PublicRecord,
    topics.GRADE_CHANGE: GradeChanged,
}


def decode(record: Record) -> dict[str, Any]:
    """Return a record as a JSON object: where it stands, its headers, and its data."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.key,
        "headers": dict(record.headers),
        "data": data(record),
    }


def data(record: Record) -> Any:
    """Return the value of a record; {"base64": …} when it cannot be read as what its headers say."""
    try:
        if record.headers.get("content-type", "").startswith(cloudevents.JSON):
            return orjson.loads(record.value)
        message = MESSAGES[record.topic.partition(DEAD_LETTERS)[0]]()
        message.ParseFromString(record.value)
    except (DecodeError, orjson.JSONDecodeError):
        return {"base64": b64encode(record.value).decode()}
    return MessageToDict(message, preserving_proto_field_name=True)
