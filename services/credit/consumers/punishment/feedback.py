"""Reads what departments tell: by topic here, by RPC through the same reading."""

from collections.abc import Sequence

from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import DecodeError
from merchantcredit.events.v1.directive_pb2 import DirectiveFeedback
from psycopg import Connection

from services.common.clock import Clock
from services.common.errors import PlatformError, invalid
from services.common.eventlog import cloudevents
from services.common.eventlog.batch import DeadLetter
from services.common.eventlog.port import Record
from services.common.wire import check_texts
from services.credit.adapters.punishment.feedback_codec import read_feedback
from services.credit.adapters.punishment.feedback_store import PostgresFeedback
from services.credit.application.punishment.answer import Answer, take_answer

#: The source of a department's reports: this, then its office, as //department.merchantcredit/finance-520100.
SOURCE_PREFIX = "//department.merchantcredit/"


class FeedbackHandler:
    """What the micro-batch loop over feedback calls inside its transaction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, conn: Connection, records: Sequence[Record]) -> Sequence[DeadLetter]:
        """Take reports in any order and repetition; return those that cannot be applied."""
        dead: list[DeadLetter] = []
        # By order first, so that two workers lock orders in one sequence.
        for record in sorted(records, key=lambda r: (r.key, r.partition, r.offset)):
            try:
                with conn.transaction():
                    take_answer(PostgresFeedback(conn), _answer(record), self._clock.now(), strict=False)
            except PlatformError as error:
                dead.append(DeadLetter(record, error.reason, str(error)))
        return dead


def _answer(record: Record) -> Answer:
    envelope = cloudevents.parse(record.headers)
    if not envelope.source.startswith(SOURCE_PREFIX):
        raise invalid("ce_source", f"a department's source begins with {SOURCE_PREFIX}")
    department = envelope.source.removeprefix(SOURCE_PREFIX)
    told = _parse(record.value, envelope.content_type)
    check_texts(told)
    return Answer(department, told.directive_id, read_feedback(told, envelope.event_id), envelope.source)


def _parse(value: bytes, content_type: str) -> DirectiveFeedback:
    try:
        if content_type == cloudevents.JSON:
            return Parse(value, DirectiveFeedback())
        return DirectiveFeedback.FromString(value)
    except (DecodeError, ParseError) as error:
        raise invalid("data", "is no DirectiveFeedback") from error
