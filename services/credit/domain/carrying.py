"""Splits: what was before the day on which an enterprise was split off counts for the new one too (Company Law 2023 art. 223).

The new one, the heir, carries each case, penalty and order volume of the enterprise that it comes from, and of those that
were merged into that one, from before the day. A carried fact is a fact of the heir's own, which the split tells: it has
every account of its original, under the heir's code, so that all that holds for facts holds for it: a complainant counts once
over what is carried and what came later, windows end, the past is known. It is no case of its own: no office handles it, no
statistic counts it, no trigger and no mark looks at it; what happens to its original happens to it.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from services.credit.domain.facts import CARRIED, Body, Fact, FactKind, Registration
from services.credit.domain.facts import kind_of as plain_kind_of
from services.credit.domain.family import line_of, link_of

_PREFIX = "carried:"
#: What is carried; a listing binds whom it names, and a registration is one's own.
CARRIABLE = frozenset({FactKind.COMPLAINT, FactKind.PENALTY, FactKind.VOLUME})


def carried_id(fact_id: str, heir: str) -> str:
    """Return the id of the fact that an heir carries for another one."""
    return f"{_PREFIX}{heir}:{fact_id}"


def is_carried(fact_id: str) -> bool:
    """Tell whether a fact was carried to whose it is."""
    return fact_id.startswith(_PREFIX)


def kind_of(fact_id: str, body: Body) -> FactKind:
    """Return the kind of fact that a body tells of."""
    kind = plain_kind_of(body)
    return FactKind(kind + CARRIED) if is_carried(fact_id) else kind


def origin_of(body: Body | None) -> str:
    """Return the code that a registration says its enterprise was split off from; empty for everything else."""
    return body.split_from if isinstance(body, Registration) else ""


def heirs_of(code: str, bodies: Iterable[Body], day: date) -> tuple[str, ...]:
    """Return the codes of those whose registrations say that they were split off from an enterprise by a day."""
    splits = [one for one in bodies if isinstance(one, Registration) and one.split_from == code]
    return tuple(sorted(one.code for one in splits if (one.split_on or date.min) <= day))


def answers_for(code: str, known: Mapping[str, Registration | None]) -> dict[str, date]:
    """Return for whose facts an heir answers beside its own, and before which day.

    Those of whom it comes from, of who was merged into that one, and of all that these come from themselves. Of several ways
    the latest day counts. Nobody answers for itself, whatever ring was told.
    """
    links = {one: link_of(registration) for one, registration in known.items()}
    found: dict[str, date] = {}
    looked = [(code, date.max)]
    while looked:
        heir, until = looked.pop()
        registration = known.get(heir)
        if registration is None or not registration.split_from or registration.split_on is None:
            continue
        day = min(until, registration.split_on)
        owners = [one for one in known if registration.split_from in line_of(one, links)]
        later = [one for one in owners if one != code and found.get(one, date.min) < day]
        found.update(dict.fromkeys(later, day))
        looked += [(one, day) for one in later]
    return found


def concerns(facts: Iterable[Fact | None]) -> set[str]:
    """Return the id of a fact, before and after it changed, that can be carried; a copy is not carried on, its original is."""
    return {fact.fact_id for fact in facts if fact and kind_of(fact.fact_id, fact.body) in CARRIABLE}
