"""One row to an event of an intake topic: the protobuf, and an id and time that follow from the content when not told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from hashlib import sha256

from google.protobuf.message import Message as Protobuf

from services.cli.loading import columns, facts, penalty_form, values
from services.cli.loading.columns import Aliases, Columns
from services.common.clock import CHINA
from services.common.errors import invalid
from services.common.eventlog import cloudevents
from services.common.eventlog.port import Message
from services.common.eventlog.topics import COMPLAINT, FEEDBACK, VIOLATION, VOLUME
from services.common.kernel import day

EVENT_ID_LIMIT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A kind of intake file: its topic, columns, needed fields, how it is read where forms differ, becomes protobuf, and its day."""

    topic: str
    aliases: Aliases
    required: Sequence[str]
    build: Callable[[Mapping[str, str]], Protobuf]
    day_field: str
    read: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda told: told


INTAKES: Mapping[str, Intake] = {
    "complaints": Intake(
        topic=COMPLAINT,
        aliases=columns.COMPLAINT,
        required=("case_id", "credit_code", "kind", "status", "received_on"),
        build=facts.complaint,
        day_field="status_on",
    ),
    "cases": Intake(
        topic=COMPLAINT,
        aliases=columns.CASE,
        required=("case_id", "credit_code", "kind", "received_on", "status_on"),
        build=facts.case_step,
        day_field="status_on",
    ),
    "violations": Intake(
        topic=VIOLATION,
        aliases=columns.VIOLATION,
        required=("document_number", "credit_code", "penalty_kind", "decided_on"),
        build=facts.violation,
        day_field="decided_on",
        read=penalty_form.read_form,
    ),
    "volumes": Intake(
        topic=VOLUME,
        aliases=columns.VOLUME,
        required=("credit_code", "platform_code", "month", "orders"),
        build=facts.volume,
        day_field="month",
    ),
    "feedback": Intake(
        topic=FEEDBACK,
        aliases=columns.FEEDBACK,
        required=("department", "number", "directive_id", "kind", "occurred_time"),
        build=facts.feedback,
        day_field="occurred_time",
        read=facts.of_department,
    ),
}


def of_row(
    intake: Intake, names: Columns, fields: Mapping[str, object], default_source: str, default_time: str = ""
) -> Message:
    """Return the message of a row, which is flat or an envelope with `data`; raises InvalidInput naming the field."""
    told = dict(intake.read(names.rename(_flat(fields, names))))
    told["time"] = told.get("time") or default_time
    data = intake.build(told)
    value = data.SerializeToString(deterministic=True)
    source = values.text(told.get("source") or default_source, "source", limit=256, required=True)
    return Message(
        topic=intake.topic,
        key=str(getattr(data, "credit_code", "")) or told.get("name") or told.get("department", ""),
        value=value,
        headers=cloudevents.headers(
            event_id=values.text(
                told.get("id") or _content_id(source, told["time"], value), "id", limit=EVENT_ID_LIMIT
            ),
            event_type=intake.topic,
            source=source,
            time=_time(told, intake),
        ),
    )


def _flat(fields: Mapping[str, object], names: Columns) -> Mapping[str, object]:
    """Join an envelope and its data; a field of the data that we do not know is refused, so that typing errors show."""
    data = fields.get("data")
    if not isinstance(data, Mapping):
        return fields
    for name in data:
        if names.field(name) is None:
            raise invalid(f"data.{name}", "there is no such field: see the proto, or add --map COLUMN=FIELD")
    return {**data, **fields}


def _content_id(source: str, time: str, value: bytes) -> str:
    """Derive an id, so that the same row told at the same time is the same event however often it is loaded."""
    return f"sha256-{sha256(f'{source}|{time}|'.encode() + value).hexdigest()[:40]}"


def _time(told: Mapping[str, str], intake: Intake) -> datetime:
    text = told.get("time", "")
    return values.moment(text, "time") if text else _content_time(told, intake)


def _content_time(told: Mapping[str, str], intake: Intake) -> datetime:
    """Return midnight of the day that the row tells of: a later account of the same fact then has a later time."""
    text = told.get(intake.day_field) or told.get("received_on", "")
    known = day.parse_month(text, "month") if intake.day_field == "month" else day.parse_day(text, intake.day_field)
    return datetime.combine(known, time(), CHINA).astimezone(UTC)
