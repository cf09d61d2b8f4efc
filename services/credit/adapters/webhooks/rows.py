"""Between rows and webhooks."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from services.common.eventlog.topics import DIRECTIVE, GRADE_CHANGE, RECORD
from services.credit.domain.webhooks.webhook import Content, State, Webhook

#: Where the messages of each content stand; directives are read from their department's sequence, by its numbers.
TOPIC_OF = {Content.DIRECTIVES: DIRECTIVE, Content.GRADE_CHANGES: GRADE_CHANGE, Content.RECORDS: RECORD}
NAMES = tuple(field.name for field in fields(Webhook))


def read_webhooks(conn: Connection, where: str, parameters: Sequence[Any]) -> list[Webhook]:
    """Return the webhooks of a condition, which is a constant of the caller's; it may sort, limit and lock."""
    cursor = conn.cursor(row_factory=dict_row)
    found = cursor.execute(f"SELECT {', '.join(NAMES)} FROM credit.webhook WHERE {where}", parameters)
    return [_webhook(row) for row in found]


def _webhook(row: dict[str, Any]) -> Webhook:
    return Webhook(
        **{
            **row,
            "content": Content(row["content"]),
            "state": State(row["state"]),
            "codes": tuple(row["codes"]),
        }
    )
