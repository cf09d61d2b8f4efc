"""Random lawful histories: walks through the state table, with days that never go back."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from services.credit.domain.cases.answers import Answer, Category
from services.credit.domain.cases.case import Account, Case, Step
from services.credit.domain.cases.life import FORMS
from services.credit.domain.cases.regimes import regime_on
from services.credit.domain.cases.states import TABLES, CaseKind, State

START = date(2026, 3, 2)


def reasons(state: State, day: date) -> list[str]:
    law = regime_on(day)
    lists = {
        State.REFUSED: law.refusals,
        State.TERMINATED: law.terminations,
        State.SUSPENDED: law.suspensions,
        State.NOT_FILED: law.not_filed,
        State.AGREED: FORMS,
    }
    return sorted(lists.get(state, [""]))


def step_to(state: State, day: date, *, reason: str | None = None) -> Step:
    """Return a step with all that it needs to be told."""
    target = f"another {day}" if state in {State.REFERRED, State.MERGED} else ""
    return Step(state, day, office="office", reason=reasons(state, day)[0] if reason is None else reason, target=target)


@st.composite
def walks(draw: st.DrawFn) -> Case:
    """Return a case after some lawful steps."""
    kind = draw(st.sampled_from(CaseKind))
    table = TABLES[kind]
    steps: list[Step] = []
    state, day = State.RECEIVED, START
    while followers := table.next(state):
        if len(steps) > 12 or (steps and draw(st.integers(0, 9)) == 0):
            break
        following = draw(st.sampled_from(followers))
        day += timedelta(days=draw(st.integers(0, 30)))
        if steps and day == steps[-1].day and table.rows[following].rank <= table.rows[state].rank:
            day += timedelta(days=1)
        steps.append(step_to(following, day, reason=draw(st.sampled_from(reasons(following, day)))))
        state = following
    return Case(kind, START, tuple(steps))


@st.composite
def told(draw: st.DrawFn, case: Case) -> list[Account]:
    """Return the accounts of a case in any order: late, twice, from sources of any authority."""
    times = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda moment: moment.replace(tzinfo=UTC))
    accounts = [
        Account(draw(st.integers(1, 3)), draw(times), f"e{number}.{copy}", step=step)
        for number, step in enumerate(case.steps)
        for copy in range(draw(st.integers(1, 3)))
    ]
    if case.steps and draw(st.booleans()):
        answer = Answer(Category.PARTIAL, draw(st.dates(START, case.steps[-1].day)))
        accounts += [Account(1, draw(times), f"answer.{copy}", answer=answer) for copy in range(2)]
    return draw(st.permutations(accounts))
