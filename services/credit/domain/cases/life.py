"""The life of a case: strict steps for those who act on it now, and one fold of what sources tell of it late and twice."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import NamedTuple

from services.common.errors import PreconditionFailed, invalid
from services.credit.domain.cases.answers import Answer
from services.credit.domain.cases.case import Account, Case, Step, WorkItem
from services.credit.domain.cases.law import Reasons
from services.credit.domain.cases.regimes import regime_on
from services.credit.domain.cases.states import ANSWERABLE, AS_LEAD, TABLES, CaseKind, State, Table

#: How an agreement was made (Order 20 art. 22): by mediation paper, or performed at once, which needs none.
FORMS = frozenset({"PAPER", "AT_ONCE"})
#: What names where a case goes, by the state, and what to give there.
_TARGETS = {
    State.REFERRED: ("office", "name the office that the case goes to"),
    State.MERGED: ("into_complaint_id", "name the case that this one becomes a part of"),
}


def apply(case: Case, step: Step) -> Case:
    """Return the case after one step, taken now by an office.

    Raises PreconditionFailed naming what the present state allows; InvalidInput for a reason that the regime of the
    step's day does not have, for an absent target, or a day before the last step's.
    """
    table = TABLES[case.kind]
    if case.state not in _after(table, step.state):
        raise _not_allowed(table, case.state, step.state)
    _check_day(case, table, step)
    _check_told(step)
    if step.state is State.REFERRED and step.target == case.office:
        raise invalid("office", f"the case is with {step.target} already: name another office")
    return case._replace(steps=(*case.steps, step))


def fold(kind: CaseKind, received_on: date, accounts: Iterable[Account]) -> Case:
    """Return the case that follows from accounts in any order, with any repeats.

    Of accounts that exclude each other, of one day and rank, the last by (authority, source time, event id) counts.
    Those of the greatest authority make the history; the others fill it in where the table lets them. What no lawful
    history can hold is a work item, so an impossible history keeps its last lawful state; so is a reason of no closed list.
    """
    known = list(accounts)
    table = TABLES[kind]
    if len(known) == 1 and (only := _only_step(kind, table, known[0])):
        return Case(kind, received_on, (only,))
    chain, work = _chain(kind, table, known)
    case = Case(kind, received_on, tuple(chain))
    return _aside(case, known, work)


class _Told(NamedTuple):
    """A step, and which account tells it."""

    step: Step
    account: Account


def _only_step(kind: CaseKind, table: Table, account: Account) -> Step | None:
    """Return the step of an account that tells one the table has, and nothing else: most cases are told of once."""
    if account.step is None or account.answer or account.extended_on:
        return None
    step = _as_kind(kind, account.step)
    return step if step.state in table.rows and not _odd_reason(step) else None


def _as_kind(kind: CaseKind, step: Step) -> Step:
    """Return a step as a case of its kind names it."""
    named = AS_LEAD.get(step.state, step.state) if kind is CaseKind.LEAD else step.state
    return step if named is step.state else step._replace(state=named)


def _chain(kind: CaseKind, table: Table, accounts: list[Account]) -> tuple[list[Step], list[WorkItem]]:
    """Return the lawful history, and the accounts of steps that it cannot hold."""
    slots: dict[tuple[date, int], _Told] = {}
    work: list[WorkItem] = []
    for account in sorted(accounts, key=_authority):
        if account.step is None:
            continue
        step = _as_kind(kind, account.step)
        if step.state in table.rows:
            slots[step.day, table.rows[step.state].rank] = _Told(step, account)
        else:
            work.append(WorkItem(account.event_id, f"{step.state.name} is no state of a {kind.name.lower()}"))
    return _fit(table, slots, work), work


def _fit(table: Table, slots: dict[tuple[date, int], _Told], work: list[WorkItem]) -> list[Step]:
    """Take the steps of the greatest authority in their order, then fit in those of the lesser ones."""
    places: list[tuple[date, int]] = []
    for place in sorted(slots, key=lambda at: (-slots[at].account.authority, at)):
        step = slots[place].step
        index = bisect_left(places, place)
        around = [slots[at].step for at in places[max(index - 1, 0) : index + 1]]
        clash = next((other for other in around if not _stand_together(table, step, other)), None)
        if clash is None:
            places.insert(index, place)
            if odd := _odd_reason(step):
                work.append(WorkItem(slots[place].account.event_id, odd))
        else:
            work.append(WorkItem(slots[place].account.event_id, _clash(step, clash)))
    return _without_repeats([slots[place].step for place in places])


def _stand_together(table: Table, one: Step, other: Step) -> bool:
    """Tell whether the later of two steps may come after the earlier one; a state told again is no step."""
    first, second = sorted((one, other), key=lambda step: (step.day, table.rows[step.state].rank))
    return second.state is first.state or second.state in table.reach[first.state]


def _without_repeats(steps: list[Step]) -> list[Step]:
    """Leave out steps by which a source only says again where the case stands; a second referral is news."""
    runs = groupby(steps, key=lambda step: (step.state, step.target if step.state is State.REFERRED else ""))
    return [next(run) for _, run in runs]


def _odd_reason(step: Step) -> str:
    """Say what is wrong with the reason of a step that a source told; its step stands, and a person looks at it."""
    reasons = _reasons(step) if step.reason else None
    if reasons is None or step.reason in reasons:
        return ""
    return f"{step.reason} of {step.day} is no reason for {step.state.name}"


def _clash(step: Step, other: Step) -> str:
    return f"{step.state.name} of {step.day} cannot stand beside {other.state.name} of {other.day}"


def _aside(case: Case, accounts: list[Account], work: list[WorkItem]) -> Case:
    """Add what moves no state: the answer that was given last, and the extension of the check."""
    answer: Answer | None = None
    for day, account in sorted(
        ((a.answer.day, a) for a in accounts if a.answer), key=lambda p: (p[0], _authority(p[1]))
    ):
        if _stood(case, day) & ANSWERABLE:
            answer = account.answer
        else:
            work.append(WorkItem(account.event_id, f"an answer of {day} to a case that was over"))
    extended_on = min((a.extended_on for a in accounts if a.extended_on), default=None)
    return case._replace(answer=answer, extended_on=extended_on, work=tuple(sorted(set(work))))


def _stood(case: Case, day: date) -> frozenset[State]:
    """Return the states in which the case stood at some time of a day; received before its first step."""
    before = [step.state for step in case.steps if step.day < day]
    on_day = [step.state for step in case.steps if step.day == day]
    return frozenset([before[-1] if before else State.RECEIVED, *on_day])


def _authority(account: Account) -> tuple[object, ...]:
    return account.authority, account.source_time, account.event_id


def _after(table: Table, state: State) -> frozenset[State]:
    return table.rows[state].after if state in table.rows else frozenset()


def _not_allowed(table: Table, present: State, wanted: State) -> PreconditionFailed:
    allowed = ", ".join(state.name for state in table.next(present)) or "nothing: it is over"
    return PreconditionFailed(
        f"the case is {present.name}, which {wanted.name} cannot follow; allowed is {allowed}",
        metadata={"field": "step", "state": present.name, "allowed": ",".join(s.name for s in table.next(present))},
    )


def _check_day(case: Case, table: Table, step: Step) -> None:
    if step.day < case.since:
        raise invalid(
            "step.on", f"the case has been {case.state.name} since {case.since}: give that day or a later one"
        )
    if case.steps and step.day == case.since and table.rows[step.state].rank <= table.rows[case.state].rank:
        raise PreconditionFailed(
            f"the case became {case.state.name} on {step.day}: {step.state.name} can follow from the next day on",
            metadata={"field": "step.on", "state": case.state.name},
        )


def _check_told(step: Step) -> None:
    reasons = _reasons(step)
    if reasons is not None and step.reason not in reasons:
        field = "not_filed_reason_code" if step.state is State.NOT_FILED else "reason_code"
        raise invalid(field, f"{step.reason[:40]!r} is none of {', '.join(sorted(reasons))}")
    if step.state in _TARGETS and not step.target:
        raise invalid(*_TARGETS[step.state])


def _reasons(step: Step) -> Reasons | frozenset[str] | None:
    """Return the closed list that a step's reason is of; None for a step that needs none."""
    law = regime_on(step.day)
    lists: dict[State, Reasons | frozenset[str]] = {
        State.REFUSED: law.refusals,
        State.TERMINATED: law.terminations,
        State.SUSPENDED: law.suspensions,
        State.NOT_FILED: law.not_filed,
        State.AGREED: FORMS,
    }
    return lists.get(step.state)
