"""What a message says: the JSON of Standard Webhooks with type, timestamp and data."""

from datetime import datetime
from typing import Any

import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from merchantcredit.credit.v1.record_pb2 import PublicRecord
from merchantcredit.events.v1.directive_pb2 import Directive, NumberedDirective
from merchantcredit.events.v1.grade_change_pb2 import GradeChanged

from services.common.db.pool import Pool
from services.credit.adapters.webhooks.queue import Waiting
from services.credit.adapters.webhooks.rows import TOPIC_OF
from services.credit.domain.webhooks.webhook import Content, Webhook

_OF_TOPIC = """
SELECT m.payload, m.recorded_at FROM eventlog.position p JOIN eventlog.message m ON m.id = p.message_id
WHERE p.topic = %s AND p.partition = %s AND p.seq = %s
"""
_OF_DEPARTMENT = "SELECT digest, directive FROM credit.department_directive WHERE department = %s AND number = %s"


class Bodies:
    """Reads what waiting messages say; blocking."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def body(self, webhook: Webhook, waiting: Waiting) -> bytes | None:
        """Return the body of a message, the same at each attempt; None when a newer one superseded it."""
        if webhook.content is Content.DIRECTIVES:
            return self._directive(webhook, waiting)
        with self._pool.connection() as conn:
            row = conn.execute(_OF_TOPIC, [TOPIC_OF[webhook.content], waiting.partition, waiting.seq]).fetchone()
        if row is None or not row[0]:
            return None
        kind: type[Message] = GradeChanged if webhook.content is Content.GRADE_CHANGES else PublicRecord
        return _written(webhook, waiting, row[1], _data(kind.FromString(row[0])))

    def _directive(self, webhook: Webhook, waiting: Waiting) -> bytes | None:
        with self._pool.connection() as conn:
            row = conn.execute(_OF_DEPARTMENT, [webhook.owner, waiting.seq]).fetchone()
        if row is None:
            return None
        numbered = NumberedDirective(department=webhook.owner, number=waiting.seq, digest=row[0], directive=row[1])
        data = {**_data(numbered), "content": _data(Directive.FromString(row[1]))}
        return _written(webhook, waiting, waiting.recorded_at, data)


def _data(message: Message) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True)


def _written(webhook: Webhook, waiting: Waiting, at: datetime, data: dict[str, Any]) -> bytes:
    told = {"type": TOPIC_OF[webhook.content], "timestamp": at.isoformat(), "number": waiting.number, "data": data}
    return orjson.dumps(told)
