"""The past on two clocks: what was so on a day (`as_of`), by what had been told until a moment (`known_at`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from services.common.auth.actor import Actor
from services.common.clock import Clock, china_day
from services.common.errors import NotFound, invalid
from services.common.kernel.grade import Grade
from services.credit.application.apply_events import by_fact
from services.credit.application.families import count_shared, rate_views, settle, view
from services.credit.application.policies import Policies
from services.credit.application.ports import Subject
from services.credit.application.verify_scores import Encoder, Published, refold
from services.credit.domain.carrying import heirs_of, is_carried
from services.credit.domain.facts import Assertion, Complaint, Penalty, Registration, Volume, occurred_on
from services.credit.domain.folding import fold

MAX_PURPOSE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whose past, on which day, by what was known when, and for what purpose it is read."""

    code: str
    as_of: date
    known_at: datetime
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A published revision: its bytes, what they say, and the first day on which they are no longer good."""

    record: bytes
    published: Published
    good_until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A record of the past: published bytes as they were, or computed now under the policy in force on that day."""

    record: bytes
    is_published: bool
    revision: int
    policy_version: str


class PastReader(Protocol):
    """What the past is read from; one subject's history, whatever the size of the ledger."""

    def note(self, actor: Actor, question: Question, at: datetime) -> None:
        """Keep who read what and why."""
        ...

    def revision(self, code: str, known_at: datetime) -> Revision | None:
        """Return the revision that was published last by a moment."""
        ...

    def family(self, code: str) -> Sequence[str]:
        """Return the codes that were ever told to be merged with one, whichever way and however far, and itself."""
        ...

    def assertions(self, code: str, known_at: datetime) -> Sequence[Assertion]:
        """Return all accounts, recorded by a moment, of the facts that an account ever gave to the subject."""
        ...

    def heirs(self, code: str, known_at: datetime) -> Sequence[Assertion]:
        """Return all accounts, recorded by a moment, of the registrations of who was ever told to be split off from the subject."""
        ...


class ReadPast:
    """The use case behind the audit read."""

    def __init__(self, reader: PastReader, encoder: Encoder, policies: Policies, clock: Clock) -> None:
        self._reader = reader
        self._encoder = encoder
        self._policies = policies
        self._clock = clock

    def execute(self, actor: Actor, question: Question) -> Past:
        """Return the record; raises InvalidInput for a clock in the future or before the first fact, NotFound for nobody."""
        self._check(question)
        self._reader.note(actor, question, self._clock.now())
        last = self._reader.revision(question.code, question.known_at)
        if last is not None and _stood(last, question.as_of):
            return Past(
                record=last.record,
                is_published=True,
                revision=last.published.revision,
                policy_version=last.published.policy_version,
            )
        return self.compute(question, last.published.revision if last else 0)

    def compute(self, question: Question, revision: int) -> Past:
        """Fold what was known, leave out what came after the day, and rate by the policy in force on it."""
        family = self._reader.family(question.code)
        accounts = {code: self._reader.assertions(code, question.known_at) for code in family}
        known = [one for code in family for one in accounts[code]]
        subjects = {code: _refolded(code, accounts[code], question.as_of, revision) for code in family}
        settle(subjects)
        count_shared(subjects)
        subject = view(subjects[question.code])
        if subject.state.registration is None:
            raise NotFound(
                f"{question.code} was not registered by what was known at {question.known_at.isoformat()}",
                metadata={"resource_type": "CreditRecord", "resource_name": question.code},
            )
        _check_first(known, question.as_of)
        subject.heirs = self._heirs(question)
        rating, policy = rate_views([subject], question.as_of, self._policies, question.known_at)[0]
        record = self._encoder.public(subject, rating, policy, question.known_at)
        return Past(record=record, is_published=False, revision=revision, policy_version=policy.version)

    def _heirs(self, question: Question) -> tuple[str, ...]:
        """Return who was split off from the subject by the day."""
        told = by_fact(self._reader.heirs(question.code, question.known_at))
        registrations = [fact.body for accounts in told.values() if (fact := fold(accounts))]
        return heirs_of(question.code, registrations, question.as_of)

    def _check(self, question: Question) -> None:
        now = self._clock.now()
        if question.known_at.tzinfo is None or question.known_at > now:
            raise invalid("known_at", "give a moment with its offset that has passed")
        if question.as_of > china_day(now):
            raise invalid("as_of", f"{question.as_of} is in the future: give today, {china_day(now)}, or a day before")
        if not 0 < len(question.purpose.strip()) <= MAX_PURPOSE:
            raise invalid("purpose", f"say in 1 to {MAX_PURPOSE} characters why the past is read: it is kept")


def _stood(last: Revision, as_of: date) -> bool:
    return last.published.day <= as_of and (last.good_until is None or as_of < last.good_until)


def _refolded(code: str, known: Sequence[Assertion], as_of: date, revision: int) -> Subject:
    """Fold what is known of one enterprise; a merger and a split hold from their days on."""
    told = _whole([one for one in known if _happened_on(one) <= as_of])
    state, _ = refold(code, told)
    registration = state.registration
    own = [one for one in told if not is_carried(one.fact_id)]
    if len(own) < len(told) and not _is_split(registration, as_of):
        state, _ = refold(code, own)
    if registration is not None and (registration.merged_on or as_of) > as_of:
        registration = registration._replace(merged_into="", merged_on=None)
    if registration is not None and not _is_split(registration, as_of):
        registration = registration._replace(split_from="", split_on=None)
    state.registration = registration
    return Subject(0, code, known=True, seq=revision, state=state, grade=Grade.NR)


def _is_split(registration: Registration | None, as_of: date) -> bool:
    """Tell whether an enterprise was split off from another one by a day."""
    return registration is not None and bool(registration.split_from) and (registration.split_on or as_of) <= as_of


def _whole(told: Sequence[Assertion]) -> list[Assertion]:
    """Return the accounts in a fixed order, so that equal histories give equal states."""
    return sorted(told, key=lambda assertion: (assertion.fact_id, assertion.source_time, assertion.event_id))


def _happened_on(assertion: Assertion) -> date:
    """Return the day from which an account can be true; a registration's is true from its record on, for all days."""
    match assertion.body:
        case Complaint() as body:
            return body.status_on
        case Penalty() | Volume() as body:
            return occurred_on(body)
        case _:
            return date.min


def _check_first(known: Sequence[Assertion], as_of: date) -> None:
    first = min(day for assertion in known if (day := occurred_on(assertion.body)) > date.min)
    if as_of < first:
        raise invalid("as_of", f"{as_of} is before the first fact: give {first} or a later day")
