"""Families of merged enterprises: who counts for whom, and what each one's record shows of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from services.credit.application.policies import Policies, rate_in_force
from services.credit.application.ports import Ledger, Subject
from services.credit.domain.family import added, joined, link_of, root_of, shared, without_facts
from services.credit.domain.policy import Policy
from services.credit.domain.rating import Rating, not_rated


def settle(by_code: Mapping[str, Subject]) -> list[Subject]:
    """Set roots and members as the registrations have them; return those whose stored root is another one now.

    Whole families must be given: who names a root, and the root.
    """
    links = {code: link for code, subject in by_code.items() if (link := link_of(subject.state.registration))}
    if not links and all(subject.root_id is None for subject in by_code.values()):
        return []
    members: dict[str, list[Subject]] = {}
    changed = []
    for code in sorted(by_code):
        subject = by_code[code]
        root = by_code[root_of(code, links)]
        subject.root = None if root is subject else root
        if subject.root is not None:
            members.setdefault(root.code, []).append(subject)
        root_id = subject.root.subject_id if subject.root else None
        if root_id != subject.root_id:
            changed.append(subject)
    for code, subject in by_code.items():
        subject.members = tuple(members.get(code, ()))
    return changed


def shared_by_root(by_code: Mapping[str, Subject]) -> dict[str, dict[int, int]]:
    """Return what the complainants whose cases are loaded move in each family, by the code of who goes on."""
    return {code: shared([one.state for one in subject.family]) for code, subject in by_code.items() if subject.members}


def move_shared(by_code: Mapping[str, Subject], before: Mapping[str, Mapping[int, int]]) -> None:
    """Take into the families what those complainants move now, for what they moved before."""
    for code, now in shared_by_root(by_code).items():
        state, was = by_code[code].state, {cell: -count for cell, count in before[code].items()}
        state.shared = added(state.shared, now, was)


def count_shared(by_code: Mapping[str, Subject]) -> None:
    """Set what complainants of several of a family move, of states that were folded from nothing: all crowds are loaded."""
    for code, moves in shared_by_root(by_code).items():
        by_code[code].state.shared = moves


def recount_shared(ledger: Ledger, subjects: Iterable[Subject]) -> None:
    """Count the complainants of families that others belong to now from the ledger; who has no members shares none."""
    for subject in subjects:
        subject.state.shared = ledger.shared([one.subject_id for one in subject.family]) if subject.members else {}


def view(subject: Subject) -> Subject:
    """Return a subject as its record shows it: a root with the facts of its family, a merged one with none."""
    if subject.root is not None:
        return replace(subject, state=without_facts(subject.state))
    if subject.members:
        return replace(subject, state=joined(subject.state, [member.state for member in subject.members]))
    return subject


def rate_views(views: Sequence[Subject], day: date, policies: Policies, at: datetime) -> list[tuple[Rating, Policy]]:
    """Return the rating of each and the policy that gave it (policies.rate_in_force); one that was merged has none."""
    ratings = iter(rate_in_force([one.state for one in views if one.root is None], day, policies, at))
    merged = not_rated(day), policies.on(day)
    return [merged if one.root is not None else next(ratings) for one in views]


def concerned(moved: Iterable[Subject], changed: Sequence[Subject], by_code: Mapping[str, Subject]) -> list[Subject]:
    """Return who else needs a new record: roots of who moved, old and new roots of who changed, and who names them."""
    by_id = {subject.subject_id: subject for subject in by_code.values()}
    found = {}
    for subject in moved:
        touched = [subject.root, *subject.members] if subject.is_registration_changed else [subject.root]
        found.update({one.code: one for one in touched if one is not None})
    for subject in changed:
        former = by_id.get(subject.root_id) if subject.root_id is not None else None
        found.update({one.code: one for one in (subject, former, subject.root) if one is not None})
    return [found[code] for code in sorted(found)]
