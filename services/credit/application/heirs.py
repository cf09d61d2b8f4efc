"""Heirs: who was split off from whom, as the registrations say, and what that lets them carry otherwise (carry_facts.py)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date

from services.credit.application.ports import Subject
from services.credit.domain.carrying import concerns
from services.credit.domain.facts import Fact, Registration
from services.credit.domain.family import line_of, link_of

#: A fact before and after it changed; None where it was not, or is no longer.
Change = tuple[Fact | None, Fact | None]


def split_off(by_code: Mapping[str, Subject], changes: Iterable[Change]) -> list[Subject]:
    """Set the heirs of whom registrations name, or no longer name, as the enterprise that theirs comes from; return those."""
    changed = {}
    for old, new in _registrations(changes):
        if _split(old) == _split(new):
            continue
        for registration in (old, new):
            if registration is not None and registration.split_from:
                origin = changed[registration.split_from] = by_code[registration.split_from]
                heirs = set(origin.heirs) - {registration.code}
                origin.heirs = tuple(sorted(heirs | {registration.code} if registration is new else heirs))
    return [changed[code] for code in sorted(changed)]


def due_to_heirs(
    by_code: Mapping[str, Subject], changes: Collection[Change], linked: Sequence[Subject]
) -> set[tuple[str, str]]:
    """Return by heir which facts it may carry otherwise now; an empty one stands for all.

    All of them when a split changed, and when mergers changed (`linked`) with whom the heir, or whom it comes from, counts.
    """
    due = {(one.code, "") for old, new in _registrations(changes) if _split(old) != _split(new) and (one := new or old)}
    due |= {
        (heir, "") for one in _relatives(by_code, linked) for heir in (*one.heirs, *([one.code] if one.origin else []))
    }
    if any(one.heirs for one in by_code.values()):
        links = {code: link_of(one.state.registration) for code, one in by_code.items()}
        for change in changes:
            for fact_id in concerns(change):
                answering = {code for fact in change if fact for code in line_of(fact.body.code, links)}
                due |= {(heir, fact_id) for code in answering for heir in by_code[code].heirs}
    return due


def _relatives(by_code: Mapping[str, Subject], linked: Sequence[Subject]) -> Iterator[Subject]:
    """Yield who counts, or counted, with those whose root is another one now."""
    by_id = {one.subject_id: one for one in by_code.values()}
    for one in linked:
        yield from one.family
        if one.root_id is not None and (former := by_id.get(one.root_id)):
            yield from former.family


def _registrations(changes: Iterable[Change]) -> Iterator[tuple[Registration | None, Registration | None]]:
    for old, new in changes:
        if (fact := new or old) and isinstance(fact.body, Registration):
            yield _registration(old), _registration(new)


def _registration(fact: Fact | None) -> Registration | None:
    return fact.body if fact and isinstance(fact.body, Registration) else None


def _split(registration: Registration | None) -> tuple[str, date | None]:
    return (registration.split_from, registration.split_on) if registration else ("", None)
