"""Applies a micro-batch of events to the ledger: one transaction from inbox to announcement (design.md section 4)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from services.common.clock import Clock, china_day
from services.credit.application.families import (
    concerned,
    move_shared,
    rate_views,
    recount_shared,
    settle,
    view,
)
from services.credit.application.heirs import Change, due_to_heirs, split_off
from services.credit.application.load_crowds import load_crowds
from services.credit.application.policies import Policies
from services.credit.application.ports import Ledger, Publication, Subject
from services.credit.application.told import Told, Undecodable, Verdict
from services.credit.domain.carrying import is_carried
from services.credit.domain.cases.outcome import ended_for_fraud
from services.credit.domain.facts import Assertion, Complaint, ComplaintStatus, Fact, Registration
from services.credit.domain.folding import fold


class ApplyEvents:
    """The use case behind the credit worker."""

    def __init__(self, policies: Policies, clock: Clock) -> None:
        self._policies = policies
        self._clock = clock

    def execute(
        self, ledger: Ledger, told: Sequence[Told], undecodable: Sequence[Undecodable], at: datetime
    ) -> list[Undecodable]:
        """Apply events and publish what follows; return those whose id came before with another body.

        The same event again changes nothing. `at` is when the events were read; the day of the ratings is read once the
        subjects are locked: the sweep may have held them over midnight, and a day never goes back. Raises nothing of its
        own: what the database raises rolls all back.
        """
        fresh, reused = _fresh(ledger, told, undecodable, at)
        ledger.keep_details(fresh)
        self.apply(ledger, ledger.wait(fresh, at), at)
        return reused

    def apply(self, ledger: Ledger, told: Sequence[Told], at: datetime) -> None:
        """Let events that are in the inbox count, and publish what follows; each names its enterprise by code."""
        if told:
            moved = _apply(ledger, [*told, *ledger.marked(told, at)], at)
            publish(ledger, self._policies, moved, self._clock.now())

    def retract(self, ledger: Ledger, told: Sequence[Told], at: datetime) -> None:
        """End the accounts of events that counted, and publish what follows; they can be applied again."""
        if told:
            moved = _retract(ledger, told, at)
            publish(ledger, self._policies, moved, self._clock.now())


def publish(
    ledger: Ledger, policies: Policies, moved: Mapping[int, tuple[Subject, tuple[str, ...]]], at: datetime
) -> None:
    """Rate subjects for the day of `at`, save them, and publish the records of those that are registered."""
    day = china_day(at)
    subjects = [subject for subject, _ in moved.values()]
    in_force = policies.on(day)
    for subject in subjects:
        subject.policy_version = in_force.version
    views = [view(subject) for subject in subjects]
    ratings = rate_views(views, day, policies, at)
    publications: list[Publication] = []
    good_until: dict[int, date | None] = {}
    for subject, shown, (rating, policy) in zip(subjects, views, ratings, strict=True):
        good_until[subject.subject_id] = rating.next_change_on if subject.known else None
        subject.under_review = rating.cases_under_review
        subject.is_held = policy is not in_force
        if subject.known:
            publications.append(Publication(shown, rating, subject.grade, moved[subject.subject_id][1], policy))
            subject.grade = rating.grade
    ledger.save(subjects, good_until)
    ledger.publish(publications, at)


def _fresh(
    ledger: Ledger, told: Sequence[Told], undecodable: Sequence[Undecodable], at: datetime
) -> tuple[list[Told], list[Undecodable]]:
    """Return what is new, and what came under a used id with another body."""
    first: dict[tuple[str, str], Told] = {}
    for event in told:
        first.setdefault(event.key, event)
    before = ledger.take(list(first.values()), undecodable, at)
    digests = {key: before.get(key, event.digest) for key, event in first.items()}
    reused = [_reused(event) for event in told if event.digest != digests[event.key]]
    return [event for key, event in first.items() if key not in before], reused


def _reused(event: Told) -> Undecodable:
    description = "ce_id: this event id came before with another body: choose a new one"
    return Undecodable(event.ordinal, "REQUEST_ID_REUSED", description, event.source, event.event_id, event.digest)


def _apply(ledger: Ledger, fresh: Sequence[Told], at: datetime) -> dict[int, tuple[Subject, tuple[str, ...]]]:
    """Fold what was told into facts and subjects; return the touched subjects and the facts that moved each."""
    new: dict[str, list[Assertion]] = defaultdict(list)
    for event in fresh:
        new[event.assertion.fact_id].append(event.assertion)
    earlier = by_fact(ledger.assertions(sorted(new)))
    named = {event.body.code for event in fresh} | {a.body.code for told in earlier.values() for a in told}
    named |= _linked([*(event.assertion for event in fresh), *(a for told in earlier.values() for a in told)])
    by_code = {subject.code: subject for subject in ledger.subjects(sorted(named))}
    ledger.add(fresh, at)
    moved: dict[str, list[str]] = defaultdict(list)
    changes = [_Change(earlier[fact_id], told) for fact_id, told in new.items()]
    pairs = [(change.old, change.fact) for change in changes]
    before = load_crowds(ledger, by_code, pairs)
    placed = [_change(by_code, moved, change) for change in changes]
    move_shared(by_code, before)
    ledger.place(placed, at)
    if frauds := [fraud for pair in pairs if (fraud := _fraud(*pair))]:
        ledger.note_frauds(frauds)
    _refill(ledger, [by_code[code] for code in moved])
    ledger.judge([(event, verdict) for event in fresh if (verdict := _verdict(event, by_code)) != Verdict.ACCEPTED])
    return touched(ledger, by_code, moved, pairs)


def touched(
    ledger: Ledger,
    by_code: Mapping[str, Subject],
    moved: Mapping[str, Sequence[str]],
    changes: Collection[Change] = (),
) -> dict[int, tuple[Subject, tuple[str, ...]]]:
    """Return who needs a new record, with the facts that moved each: also the roots that a merged enterprise counts for.

    Also whom an enterprise was split off from, or no longer is. What heirs may carry otherwise, after facts that changed, is noted.

    Who did not move itself steps its sequence by one.
    """
    changed, left = settle(by_code), split_off(by_code, changes)
    found = {code: by_code[code] for code in moved}
    for subject in [*concerned(found.values(), changed, by_code), *left]:
        if subject.code not in found:
            subject.seq += 1
            found[subject.code] = subject
    if changed:
        ledger.link(changed)
        recount_shared(ledger, found.values())
    if left:
        ledger.save_heirs(left)
    ledger.note_carried(due_to_heirs(by_code, changes, changed))
    if families := [subject for subject in found.values() if subject.members or changed]:
        ledger.save_shared(families)
    return {
        subject.subject_id: (subject, tuple(moved.get(code) or _moved_by_members(subject, moved)))
        for code, subject in found.items()
    }


def _moved_by_members(subject: Subject, moved: Mapping[str, Sequence[str]]) -> list[str]:
    return [fact_id for member in subject.members for fact_id in moved.get(member.code, ())]


def _retract(ledger: Ledger, told: Sequence[Told], at: datetime) -> dict[int, tuple[Subject, tuple[str, ...]]]:
    """Fold facts anew without the accounts of some events; a fact without an account stands nowhere.

    A subject's sequence rises all the same: a revision is never given twice.
    """
    fact_ids = sorted({event.assertion.fact_id for event in told})
    before = by_fact(ledger.assertions(fact_ids))
    ledger.retract(told, at)
    left = by_fact(ledger.assertions(fact_ids))
    accounts = [assertion for told_before in before.values() for assertion in told_before]
    by_code = {s.code: s for s in ledger.subjects(sorted({a.body.code for a in accounts} | _linked(accounts)))}
    pairs = {fact_id: (_standing(before[fact_id]), fold(left[fact_id])) for fact_id in fact_ids}
    shared_before = load_crowds(ledger, by_code, pairs.values())
    moved: dict[str, list[str]] = defaultdict(list)
    placed, gone = [], []
    for fact_id, (old, new) in pairs.items():
        by_code[old.body.code].state.replace(old, None)
        if new is not None:
            by_code[new.body.code].state.replace(None, new)
            placed.append((new, by_code[new.body.code].subject_id))
        else:
            gone.append(fact_id)
        for code in sorted({assertion.body.code for assertion in before[fact_id]}):
            by_code[code].seq += 1
            moved[code].append(fact_id)
    move_shared(by_code, shared_before)
    ledger.place(placed, at)
    ledger.remove(gone)
    if frauds := [fraud for pair in pairs.values() if (fraud := _fraud(*pair))]:
        ledger.note_frauds(frauds)
    _refill(ledger, [by_code[code] for code in moved])
    return touched(ledger, by_code, moved, pairs.values())


def _linked(accounts: Iterable[Assertion]) -> set[str]:
    """Return whom registrations name: the enterprises that theirs were merged into, or split off from."""
    registrations = [told.body for told in accounts if isinstance(told.body, Registration)]
    return {code for one in registrations for code in (one.merged_into, one.split_from) if code}


def _standing(accounts: list[Assertion]) -> Fact:
    fact = fold(accounts)
    if fact is None:
        raise LookupError("a fact without an account")
    return fact


def by_fact(assertions: Iterable[Assertion]) -> dict[str, list[Assertion]]:
    """Return the accounts of each fact."""
    found: dict[str, list[Assertion]] = defaultdict(list)
    for assertion in assertions:
        found[assertion.fact_id].append(assertion)
    return found


class _Change:
    """A fact before and after new accounts of it."""

    __slots__ = ("earlier", "fact", "new", "old")

    def __init__(self, earlier: list[Assertion], new: list[Assertion]) -> None:
        self.earlier, self.new = earlier, new
        self.old = fold(earlier)
        self.fact = _standing([*earlier, *new])


def _fraud(old: Fact | None, new: Fact | None) -> tuple[str, str, bool] | None:
    """Return a case, its complainant and whether it stands as ended for fraud, when that changes; most cases never did."""
    complainant = _complainant(new) or _complainant(old)
    fact, after = new or old, _is_fraud(new)
    if fact is None or not complainant or is_carried(fact.fact_id):
        return None
    return (fact.fact_id, complainant, after) if _is_fraud(old) is not after else None


def _complainant(fact: Fact | None) -> str:
    """Return whose case a fact is; empty for none, and for a case of which only a mark is left."""
    return fact.body.complainant if fact is not None and isinstance(fact.body, Complaint) else ""


def _is_fraud(fact: Fact | None) -> bool:
    if fact is None or fact.case is None or not isinstance(fact.body, Complaint):
        return False
    return fact.body.status == ComplaintStatus.WITHDRAWN and ended_for_fraud(fact.case)


def _change(by_code: Mapping[str, Subject], moved: dict[str, list[str]], change: _Change) -> tuple[Fact, int]:
    """Take a fact's change into its subjects, and step every subject that an account of it ever named.

    A subject's sequence is the number of all accounts of the facts that name it, so it is the same in any order.
    """
    earlier, new, fact = change.earlier, change.new, change.fact
    owner = by_code[fact.body.code]
    former = by_code[change.old.body.code] if change.old else owner
    _move(former, owner, change.old, fact)
    before = {assertion.body.code for assertion in earlier}
    for code in sorted(before | {assertion.body.code for assertion in new}):
        by_code[code].seq += len(new) if code in before else len(earlier) + len(new)
        moved[code].append(fact.fact_id)
    return fact, owner.subject_id


def _move(former: Subject, owner: Subject, old: Fact | None, new: Fact) -> None:
    """Take a fact's old value from its former subject and give the new one to its owner."""
    if former is owner:
        owner.state.replace(old, new)
    else:
        former.state.replace(old, None)
        owner.state.replace(None, new)
    if isinstance(new.body, Registration):
        owner.known = True
        owner.is_registration_changed = True


def _refill(ledger: Ledger, subjects: Iterable[Subject]) -> None:
    for subject in subjects:
        if subject.state.needs_refill:
            subject.state.refill(ledger.newest_cases(subject.subject_id))


def _verdict(event: Told, by_code: Mapping[str, Subject]) -> Verdict:
    if event.assertion.held:
        return Verdict.QUARANTINED
    return Verdict.ACCEPTED if by_code[event.body.code].known else Verdict.WAITING_FOR_CODE
