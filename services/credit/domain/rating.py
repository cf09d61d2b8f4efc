"""From scores to ratings: the grade with its hysteresis, each line with its evidence, and the day it next changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.common.kernel.day import first_of_month, month_index
from services.common.kernel.grade import Grade
from services.credit.domain import cells, population, scorer
from services.credit.domain.burst import Burst
from services.credit.domain.policy import Policy
from services.credit.domain.population import Entry
from services.credit.domain.scorer import RULES, Scores
from services.credit.domain.subject import NEWEST, Sanction, SubjectState, digest_of

_PENALTY_RULES = {"penalty.minor": 1, "penalty.ordinary": 2, "penalty.serious": 3}


@dataclass(frozen=True, slots=True)
class Line:
    """One contribution: its amount, the facts behind it, and the numbers of its arithmetic."""

    rule_id: str
    amount: int
    basis: str
    fact_count: int = 0
    until: date | None = None
    evidence_ids: tuple[str, ...] = ()
    evidence_digest: int = 0
    inputs: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """What is published of one subject's score: None and NR when it cannot be rated; and the bursts under review."""

    score: int | None
    grade: Grade
    lines: tuple[Line, ...]
    day: date
    next_change_on: date | None
    under_review: tuple[Burst, ...] = ()

    @property
    def cases_under_review(self) -> int:
        """Return how many cases weigh nothing until a review has judged them."""
        return sum(burst.unjudged for burst in self.under_review)


def rate(states: Sequence[SubjectState], day: date, policy: Policy) -> list[Rating]:
    """Return the ratings of some subjects on a day; every line sums up, nothing else moves them."""
    columns = population.columns([Entry(state.registration, cells.pack(state.cells)) for state in states])
    now = scorer.score(columns, day, policy)
    before = scorer.score(columns, month_end_before(day), policy, now.bursts)
    return [_rating(state, i, now, before, day, policy) for i, state in enumerate(states)]


def the_milder(now: Rating, before: Rating) -> Rating:
    """Return the rating by the former policy where the new one alone downgrades, else the new one.

    Either may change first, so what is returned is good until the first day on which one of the two changes.
    """
    chosen = before if before.grade > now.grade > Grade.NR else now
    days = [day for day in (now.next_change_on, before.next_change_on) if day]
    return replace(chosen, next_change_on=min(days, default=None))


def not_rated(day: date) -> Rating:
    """Return the rating of an enterprise that was merged: another one carries its facts."""
    return Rating(None, Grade.NR, (), day, None)


def month_end_before(day: date) -> date:
    """Return the last day of the month before."""
    return first_of_month(month_index(day)) - timedelta(days=1)


def grade_of(score: int, score_at_month_end: int | None, policy: Policy) -> Grade:
    """Return the grade: the band of the score, but last month-end's band while the score is near their border.

    The bands must be neighbours; `hysteresis` is how far, in millipoints, a score must be past the border.
    """
    band = policy.band(score)
    if score_at_month_end is None:
        return band
    kept = policy.band(score_at_month_end)
    border = dict(policy.floors).get(max(band, kept), 0)
    is_near = abs(score - border) < policy.hysteresis
    return kept if abs(band - kept) == 1 and is_near else band


def _rating(state: SubjectState, i: int, now: Scores, before: Scores, day: date, policy: Policy) -> Rating:
    in_force = [s for s in state.sanctions if s.decided_on <= day < s.until]
    next_change = _next_change(state, in_force, day, policy)
    bursts = now.bursts.by_subject.get(i, ())
    if not now.rated[i]:
        return Rating(None, Grade.NR, (), day, next_change, bursts)
    total = int(now.score[i])
    grade = grade_of(total, int(before.score[i]) if before.rated[i] else None, policy)
    return Rating(total, grade, _lines(state, i, now, in_force, policy, day), day, next_change, bursts)


def _lines(
    state: SubjectState, i: int, now: Scores, in_force: list[Sanction], policy: Policy, day: date
) -> tuple[Line, ...]:
    amounts = now.lines[:, i].tolist()
    turn = first_of_month(month_index(day) + 1)
    lines: list[Line] = []
    for rule, amount in zip(RULES, amounts, strict=True):
        if rule == "complaint.rate" and (state.case_count or amount):
            lines.append(_rate_line(state, i, now, policy, amount, turn))
        elif rule in _PENALTY_RULES and amount:
            lines.append(_penalty_line(rule, amount, in_force, policy))
        elif rule == "list.override" and amount:
            lines.append(_listing_line(state, amount, policy, day))
        elif rule == "registration.age":
            lines.append(Line(rule, amount, policy.bases[rule], inputs={"years": int(now.years[i])}))
        elif amount or rule == "base":
            lines.append(Line(rule, amount, policy.bases[rule]))
    return tuple(lines)


def _rate_line(state: SubjectState, i: int, now: Scores, policy: Policy, amount: int, turn: date) -> Line:
    inputs = {
        "weighted_cases_milli": int(now.weighted_cases_milli[i]),
        "orders": int(now.orders[i]),
        "prior_orders": policy.prior_orders,
        "peer_cases_per_million": policy.peer_per_million,
        "ratio_milli": int(now.ratio_milli[i]),
        "millipoints_per_ratio": policy.slope if now.ratio_milli[i] > 1000 else policy.relief,
    }
    if held := sum(burst.unjudged for burst in now.bursts.by_subject.get(i, ())):
        inputs["cases_under_review"] = held
    ids = tuple(case.fact_id for case in reversed(state.cases))
    return Line(
        "complaint.rate",
        amount,
        policy.bases["complaint.rate"],
        int(now.cases[i]),
        turn,
        ids,
        state.case_digest,
        inputs,
    )


def _penalty_line(rule: str, amount: int, in_force: list[Sanction], policy: Policy) -> Line:
    severity = _PENALTY_RULES[rule]
    mine = [s for s in in_force if s.severity == severity and s.is_published]
    each = policy.severity_points[severity - 1]
    ids = tuple(s.fact_id for s in reversed(mine))[:NEWEST]
    until = min(s.until for s in mine)
    return Line(rule, amount, policy.bases[rule], len(mine), until, ids, digest_of(mine), {"millipoints_each": each})


def _listing_line(state: SubjectState, amount: int, policy: Policy, day: date) -> Line:
    mine = [entry for entry in state.listings if entry.listed.lowers and entry.listed.holds_on(day)]
    ends = [entry.listed.until for entry in mine]
    until = None if None in ends else max((end for end in ends if end), default=None)
    ids = tuple(entry.fact_id for entry in reversed(mine))[:NEWEST]
    return Line("list.override", amount, policy.bases["list.override"], len(mine), until, ids, digest_of(mine))


def _next_change(state: SubjectState, in_force: list[Sanction], day: date, policy: Policy) -> date | None:
    """Return the first day on which anything changes with no event; None when nothing ever does."""
    days = [s.until for s in in_force] + [s.decided_on for s in state.sanctions if s.decided_on > day]
    days += [edge for entry in state.listings for edge in (entry.since, entry.listed.until) if edge and edge > day]
    month = month_index(day)
    if _moves_monthly(state, month, policy):
        days.append(first_of_month(month + 1))
    elif state.registration is not None and state.registration.established_on is not None:
        days += _age_steps(month_index(state.registration.established_on), month, policy)
    return min(days, default=None)


def _moves_monthly(state: SubjectState, month: int, policy: Policy) -> bool:
    """Tell whether decay moves the score on the first of the next month, or a penalty may move its hysteresis."""
    oldest = month - len(policy.decay)
    by_day = (
        cells.CellKind.PENALTIES << 48
    )  # penalties and listings, whose keys hold days, come after the monthly kinds
    moving = any(key & 0xFFFFFFFF >= oldest and key < by_day for key in reversed(state.cells))
    edges = [s.until for s in state.sanctions] + [
        end for e in state.listings for end in (e.since, e.listed.until) if end
    ]
    return moving or any(month_index(edge) >= month - 1 for edge in edges)


def _age_steps(established: int, month: int, policy: Policy) -> list[date]:
    """Return the next anniversary month while age still adds, and the month in which a new enterprise can be rated."""
    step = (month - established) // 12 + 1
    steps = [established + policy.new_months, established + policy.new_months + 1]
    if (step - 1) * policy.age_per_year < policy.age_cap:
        steps.append(established + 12 * step)
    # Hysteresis looks one month back: the month after a step can move the grade too.
    steps += [established + 12 * (step - 1) + 1]
    return [first_of_month(s) for s in steps if s > month]
