"""Carries facts over a split, beside the workers: what an heir has of whom it comes from is made to be what it must be.

Whoever changes a fact, a merger or a split notes what is to be looked at in the same transaction, under the locks of the
subjects concerned; here they are locked again, so that nothing is looked at before it can be seen (decision 0078).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple, Protocol

from services.common.clock import Clock
from services.credit.application.apply_events import ApplyEvents
from services.credit.application.families import settle
from services.credit.application.policies import Policies
from services.credit.application.ports import Ledger, Subject
from services.credit.application.told import Told
from services.credit.application.verify_scores import Difference
from services.credit.domain.carrying import answers_for, carried_id

#: What a difference begins with that is one of a carried fact.
CARRIED_FACT = "carried fact "
#: So many facts are carried, or given back, in one transaction.
MOST = 5000


class Due(NamedTuple):
    """What is to be looked at for an heir: notes by their numbers, and the facts that they name; an empty one stands for all."""

    heir: str
    numbers: tuple[int, ...]
    fact_ids: frozenset[str]


class Carriable(NamedTuple):
    """A fact that can be carried: whose it is, and its day."""

    fact_id: str
    owner: str
    occurred_on: date


class Carrying(Protocol):
    """What is carried, inside the ledger's transaction."""

    def note(self, heir: str) -> None:
        """Note that all that an heir carries is to be looked at."""
        ...

    def heirs(self) -> Sequence[str]:
        """Return who was ever told to be split off, in order; those for whom something is due are left out."""
        ...

    def due(self) -> Due | None:
        """Return what is to be looked at for one heir; None when nothing is, or another one is at it."""
        ...

    def done(self, due: Due) -> None:
        """Forget what was to be looked at."""
        ...

    def families(self, codes: Sequence[str]) -> Sequence[Subject]:
        """Return enterprises with their families, without a lock; who is unknown is left out."""
        ...

    def facts(self, owners: Sequence[int], fact_ids: Sequence[str]) -> Sequence[Carriable]:
        """Return what can be carried of some owners; of some facts only, when any are given."""
        ...

    def carried(self, heirs: Sequence[int], fact_ids: Sequence[str]) -> Sequence[Carriable]:
        """Return what was carried to some heirs; of some facts only, when any are given."""
        ...

    def accounts(self, fact_ids: Sequence[str]) -> Sequence[Told]:
        """Return what is told of some facts."""
        ...

    def copies(self, facts: Sequence[Carriable], heir: str) -> Sequence[Told]:
        """Return the accounts of facts as those of what an heir carries of them."""
        ...


class CarryFacts:
    """The use case behind the sweeper's look at splits, in the caller's transaction."""

    def __init__(self, policies: Policies, clock: Clock) -> None:
        self._apply = ApplyEvents(policies, clock)
        self._clock = clock

    def execute(self, ledger: Ledger, store: Carrying) -> bool:
        """Carry what is due for one heir; return whether there may be more to do."""
        due = store.due()
        if due is None:
            return False
        only = () if "" in due.fact_ids else sorted(due.fact_ids)
        by_code = {one.code: one for one in ledger.subjects(_concerned(store, due.heir))}
        settle(by_code)
        missing, surplus = difference(store, by_code, due.heir, only)
        some = _some(missing, surplus)
        at = self._clock.now()
        self._apply.retract(ledger, [one for one in surplus if one.assertion.fact_id in some], at)
        self._apply.apply(ledger, [one for one in missing if one.assertion.fact_id in some], at)
        if len(some) < MOST:
            store.done(due)
        return True


def difference(
    store: Carrying, by_code: Mapping[str, Subject], heir: str, only: Sequence[str] = ()
) -> tuple[list[Told], list[Told]]:
    """Return the accounts that an heir's family lacks of what it must carry, and those that it has and must not have.

    Of some facts only, when any are given. Links must be settled; families and whom they come from must be given.
    """
    family = by_code[heir].family
    wanted = _by_key(
        one for code, facts in _wanted(store, by_code, family, only).items() for one in store.copies(facts, code)
    )
    ids = [carried_id(fact_id, member.code) for fact_id in only for member in family]
    has = _by_key(store.accounts([one.fact_id for one in store.carried(_ids(family), ids)]))
    missing, surplus = sorted(wanted.keys() - has.keys()), sorted(has.keys() - wanted.keys())
    return [wanted[key] for key in missing], [has[key] for key in surplus]


def carried_differences(store: Carrying) -> Iterator[Difference]:
    """Yield what heirs carry otherwise than they must, in a snapshot; what is due yet is no difference."""
    for heir in store.heirs():
        by_code = {one.code: one for one in store.families(_concerned(store, heir))}
        settle(by_code)
        missing, surplus = ({one.assertion.fact_id for one in several} for several in difference(store, by_code, heir))
        yield from (Difference(heir, CARRIED_FACT + fact_id, "absent", "carried") for fact_id in sorted(missing))
        yield from (Difference(heir, CARRIED_FACT + fact_id, "carried", "absent") for fact_id in sorted(surplus))


def _concerned(store: Carrying, heir: str) -> list[str]:
    """Return the codes of an heir, of its family, and of all that they come from, over however many splits."""
    found, looked = {heir}, set[str]()
    while found != looked:
        looked = set(found)
        found |= {code for one in store.families(sorted(looked)) for code in (one.code, one.origin) if code}
    return sorted(found)


def _wanted(
    store: Carrying, by_code: Mapping[str, Subject], family: Sequence[Subject], only: Sequence[str]
) -> dict[str, list[Carriable]]:
    """Return what each of a family carries.

    Nothing counts twice in a family: what is one member's own, or carried by a member whose code comes first, is not carried.
    """
    known = {code: one.state.registration for code, one in by_code.items()}
    taken: set[str] = set()
    wanted: dict[str, list[Carriable]] = {}
    for heir in sorted(family, key=lambda one: one.code):
        days = answers_for(heir.code, known)
        facts = store.facts([by_code[code].subject_id for code in days], only)
        before = {one.fact_id: one for one in facts if one.occurred_on < days[one.owner]}
        own = {one.fact_id for one in store.facts(_ids(family), sorted(before))} if before else set()
        wanted[heir.code] = [before[fact_id] for fact_id in sorted(before.keys() - own - taken)]
        taken |= before.keys()
    return wanted


def _some(*accounts: Sequence[Told]) -> set[str]:
    """Return the first of the facts that change."""
    return set(sorted({one.assertion.fact_id for several in accounts for one in several})[:MOST])


def _by_key(accounts: Iterable[Told]) -> dict[tuple[str, str, str], Told]:
    return {(one.assertion.fact_id, *one.key): one for one in accounts}


def _ids(subjects: Iterable[Subject]) -> list[int]:
    return [one.subject_id for one in subjects]
