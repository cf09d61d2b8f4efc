"""Puts an event that came by RPC on its intake topic: checked as the worker will, once per request id."""

from collections.abc import Callable
from datetime import date
from typing import Protocol

from services.common.auth.actor import Actor, Role
from services.common.clock import Clock, china_day
from services.common.errors import FieldViolation, InvalidInput
from services.common.eventlog import cloudevents
from services.common.eventlog.port import Message, Record
from services.credit.application.told import Told

MAX_REQUEST_ID = 64
_RANKED = (Role.REGULATOR, Role.OFFICE, Role.PLATFORM, Role.MERCHANT)


class Submissions(Protocol):
    """Keeps what callers handed in."""

    def hand_in(self, actor: Actor, told: Told, message: Message) -> None:
        """Keep a submission and put its message on the topic, in one commit; the same one again does nothing.

        Raises RequestIdReused when its id came before with another body.
        """
        ...


def source_of(actor: Actor) -> str:
    """Return the source under which an actor's events are recorded; its first role gives the authority."""
    role = next((role for role in _RANKED if actor.has(role)), Role.PUBLIC)
    return f"//rpc.merchantcredit/{role}/{actor.subject}"


class Submit:
    """The use case behind SubmitComplaint and SubmitViolation."""

    def __init__(self, submissions: Submissions, check: Callable[[Record, date], Told], clock: Clock) -> None:
        self._submissions = submissions
        self._check = check
        self._clock = clock

    def execute(self, actor: Actor, request_id: str, topic: str, value: bytes) -> Told:
        """Check and hand in one event; returns what it tells.

        Raises InvalidInput with the field and the fix, PersonalDataInClear, RequestIdReused.
        """
        if not 1 <= len(request_id) <= MAX_REQUEST_ID:
            violation = FieldViolation(field="request_id", description=f"give 1 to {MAX_REQUEST_ID} characters")
            raise InvalidInput("request_id: give 1 to 64 characters, for example a UUID", violations=(violation,))
        now = self._clock.now()
        headers = cloudevents.headers(event_id=request_id, event_type=topic, source=source_of(actor), time=now)
        told = self._check(Record(topic, 0, 0, "", headers, value), china_day(now))
        key = told.body.code or told.assertion.fact_id
        self._submissions.hand_in(actor, told, Message(topic=topic, key=key, value=value, headers=headers))
        return told
