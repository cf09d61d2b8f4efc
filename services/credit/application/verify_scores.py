"""Recomputes every published score from the ledger: accounts, facts, state, rating, bytes; and names each difference."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import NamedTuple, Protocol

from services.common.kernel.grade import Grade
from services.credit.application.families import count_shared, rate_views, settle, view
from services.credit.application.policies import Policies
from services.credit.application.ports import Subject
from services.credit.domain import cells
from services.credit.domain.facts import Assertion, Registration
from services.credit.domain.family import link_of
from services.credit.domain.folding import fold
from services.credit.domain.policy import Policy
from services.credit.domain.rating import Rating
from services.credit.domain.subject import SubjectState

#: Subjects rated at once; what is held in memory is theirs.
CHUNK = 500


class Published(NamedTuple):
    """What a record says of itself."""

    revision: int
    day: date
    policy_version: str
    computed_at: datetime
    score: int | None
    grade: str
    lines: tuple[tuple[str, int], ...]


class Kept(NamedTuple):
    """All that is kept of a subject; None for what is absent, or cannot be read any more."""

    subject_id: int
    code: str
    known: bool
    seq: int
    packed: bytes
    state: SubjectState | None
    grade: Grade
    good_until: date | None
    record_good_until: date | None
    record: bytes | None
    published: Published | None
    revision_record: bytes | None
    restricted: bytes | None
    root_id: int | None = None
    has_members: bool = False
    heirs: tuple[str, ...] = ()


class Difference(NamedTuple):
    """One thing that is not as the ledger has it: whose, what, as it is kept, and as it must be."""

    code: str
    what: str
    kept: str
    recomputed: str


class Encoder(Protocol):
    """Writes records as they are published."""

    def public(self, subject: Subject, rating: Rating, policy: Policy, at: datetime) -> bytes:
        """Return the bytes of the public record."""
        ...

    def restricted(self, subject: Subject, day: date) -> bytes:
        """Return the bytes of the restricted record."""
        ...


#: Subjects by the day of their record, and whether a fuse held downgrades back when it was computed.
_ToRate = dict[tuple[date, bool], list[tuple[Kept, Subject]]]


class Verification:
    """One pass over the ledger; counts what it saw."""

    def __init__(self, policies: Policies, encoder: Encoder) -> None:
        self._policies = policies
        self._encoder = encoder
        self.counts: Counter[str] = Counter()
        self._related: list[tuple[Kept, Subject]] = []
        self._heirs: dict[str, list[str]] = defaultdict(list)

    def differences(self, ledger: Iterable[tuple[Kept, Sequence[Assertion]]]) -> Iterator[Difference]:
        """Yield every difference, subject by subject; the ledger gives each subject once, with all accounts of its facts."""
        stream = iter(ledger)
        while chunk := list(islice(stream, CHUNK)):
            yield from self._chunk(chunk)
        yield from self._families()

    def _chunk(self, chunk: Sequence[tuple[Kept, Sequence[Assertion]]]) -> Iterator[Difference]:
        to_rate: _ToRate = defaultdict(list)
        for kept, told in chunk:
            self.counts.update(subjects=1, accounts=len(told))
            state, found = refold(kept.code, told)
            yield from found
            yield from _state_differences(kept, state, len(told))
            yield from _presence(kept, state)
            subject = Subject(kept.subject_id, kept.code, True, kept.seq, state, kept.grade, root_id=kept.root_id)
            if subject.origin:
                self._heirs[subject.origin].append(subject.code)
            if kept.root_id is not None or kept.has_members or kept.heirs or link_of(state.registration):
                self._related.append((kept, subject))
            else:
                yield from _shared_difference(kept, subject)
                self._sort_in(to_rate, kept, subject)
        yield from self._all_rated(to_rate)

    def _families(self) -> Iterator[Difference]:
        """Compare merged enterprises and their roots, once all have been seen; they are few."""
        by_code = {subject.code: subject for _, subject in self._related}
        for target in [link for s in by_code.values() if (link := link_of(s.state.registration))]:
            by_code.setdefault(target, Subject(0, target, False, 0, SubjectState(), Grade.NR))
        for wrong in settle(by_code):
            yield Difference(
                wrong.code, "subject.root_id", str(wrong.root_id), str(wrong.root.subject_id if wrong.root else None)
            )
        count_shared(by_code)
        yield from self._split_off()
        to_rate: _ToRate = defaultdict(list)
        for kept, subject in self._related:
            yield from _shared_difference(kept, subject)
            self._sort_in(to_rate, kept, view(subject))
        yield from self._all_rated(to_rate)

    def _split_off(self) -> Iterator[Difference]:
        """Compare who was split off from whom with what the registrations say, and let records name those."""
        kept = {one.code: one.heirs for one, _ in self._related if one.heirs}
        for code in sorted(kept.keys() | self._heirs.keys()):
            say = _Teller(code)
            say("subject.heirs", kept.get(code, ()), tuple(sorted(self._heirs[code])))
            yield from say.found
        for one, subject in self._related:
            subject.heirs = tuple(sorted(self._heirs[one.code]))

    def _sort_in(self, to_rate: _ToRate, kept: Kept, subject: Subject) -> None:
        """Put a published subject with those whose records were computed for its day, all while a fuse held, or none."""
        if kept.published is not None and subject.state.registration is not None:
            day, at = kept.published.day, kept.published.computed_at
            to_rate[day, self._policies.is_held(self._policies.on(day), at)].append((kept, subject))

    def _all_rated(self, to_rate: _ToRate) -> Iterator[Difference]:
        for (day, _), several in to_rate.items():
            yield from self._rated(several, day)

    def _rated(self, several: Sequence[tuple[Kept, Subject]], day: date) -> Iterator[Difference]:
        at = next(kept.published.computed_at for kept, _ in several if kept.published)
        ratings = rate_views([subject for _, subject in several], day, self._policies, at)
        for (kept, subject), (rating, policy) in zip(several, ratings, strict=True):
            self.counts.update(scores=1)
            yield from self._record(kept, subject, rating, policy)

    def _record(self, kept: Kept, subject: Subject, rating: Rating, policy: Policy) -> Iterator[Difference]:
        if kept.published is None:
            raise LookupError(f"{kept.code} has no record")
        record = self._encoder.public(subject, rating, policy, kept.published.computed_at)
        restricted = self._encoder.restricted(subject, rating.day)
        lines = tuple((line.rule_id, line.amount) for line in rating.lines)
        say = _Teller(kept.code)
        say("policy_version", kept.published.policy_version, policy.version)
        say("score", kept.published.score, rating.score)
        say("grade", kept.published.grade, rating.grade.name)
        say("lines", kept.published.lines, lines)
        say("subject.grade", kept.grade.name, rating.grade.name)
        say("good_until", kept.record_good_until, rating.next_change_on)
        say("subject.good_until", kept.good_until, rating.next_change_on)
        say("revision", kept.published.revision, kept.seq)
        say("record", kept.record, record, _digest)
        say("record_revision", kept.revision_record, record, _digest)
        say("restricted_record", kept.restricted, restricted, _digest)
        yield from say.found


class _Teller:
    """Collects differences of one subject."""

    def __init__(self, code: str) -> None:
        self._code = code
        self.found: list[Difference] = []

    def __call__(self, what: str, kept: object, recomputed: object, show: Callable[[object], str] = str) -> None:
        if kept != recomputed:
            self.found.append(Difference(self._code, what, show(kept), show(recomputed)))


def refold(code: str, told: Sequence[Assertion]) -> tuple[SubjectState, list[Difference]]:
    """Return the state that the accounts of a subject's facts add up to, and the facts that stand with the wrong subject."""
    accounts: dict[str, list[Assertion]] = defaultdict(list)
    for assertion in told:
        accounts[assertion.fact_id].append(assertion)
    state, misplaced = SubjectState(), []
    for fact_id in sorted(accounts):
        fact = fold(accounts[fact_id])
        if fact is None or fact.body.code != code:
            misplaced.append(Difference(code, f"fact {fact_id}", code, fact.body.code if fact else "no account"))
        else:
            state.replace(None, fact)
    return state, misplaced


def _state_differences(kept: Kept, state: SubjectState, accounts: int) -> Iterator[Difference]:
    say = _Teller(kept.code)
    say("cells", kept.packed, cells.pack(state.cells), _cells)
    if kept.seq < accounts:
        say("seq", kept.seq, f"at least {accounts}")
    if kept.state is None:
        say("state", "unreadable", "readable")
    else:
        detail = kept.state.to_detail()
        for name, value in state.to_detail().items():
            say(f"state.{name}", detail[name], value)
    yield from say.found


def _shared_difference(kept: Kept, subject: Subject) -> Iterator[Difference]:
    """Compare what complainants of a family move; the state without it stands in `cells`."""
    say = _Teller(kept.code)
    if kept.state is not None:
        say("shared", cells.pack(kept.state.shared), cells.pack(subject.state.shared), _cells)
    yield from say.found


def _presence(kept: Kept, state: SubjectState) -> Iterator[Difference]:
    """Compare who is known and published with who is registered."""
    registered = isinstance(state.registration, Registration)
    say = _Teller(kept.code)
    say("known", kept.known, registered)
    say("record", "present" if kept.record is not None else "absent", "present" if registered else "absent")
    if kept.record is not None and kept.published is None:
        say("record", "unreadable", "readable")
    yield from say.found


def _cells(packed: object) -> str:
    try:
        return str(cells.unpack(packed if isinstance(packed, bytes) else b""))
    except ValueError:
        return "unreadable"


def _digest(data: object) -> str:
    return f"{len(data)} bytes, other than recomputed" if isinstance(data, bytes) else "absent"
