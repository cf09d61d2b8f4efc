"""The scorer: pure(cells, day, policy), over columns, in integer millipoints; the lines sum to the score exactly."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from services.common.kernel.day import month_index
from services.credit.domain import burst
from services.credit.domain.burst import Bursts
from services.credit.domain.cells import BEGINS, CellKind
from services.credit.domain.crowd import RESPONSE_MASK, band_in
from services.credit.domain.policy import MAX_MILLIPOINTS, Policy
from services.credit.domain.population import UNKNOWN_MONTH, Ints, Population
from services.credit.domain.publicity import REGIMES

#: The lines of a score, in the order in which they are added.
RULES = (
    *("base", "registration.age", "registration.status", "complaint.rate", "complaint.relief_cap", "complaint.cap"),
    *("penalty.serious", "penalty.ordinary", "penalty.minor", "penalty.cap", "score.bound", "list.override"),
)
LINE = {rule: i for i, rule in enumerate(RULES)}
_SEVERITIES = ((3, "penalty.serious"), (2, "penalty.ordinary"), (1, "penalty.minor"))


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of a population: amounts by line, and the numbers of the complaint rate's arithmetic."""

    score: Ints
    rated: npt.NDArray[np.bool_]
    lines: Ints
    weighted_cases_milli: Ints
    cases: Ints
    orders: Ints
    ratio_milli: Ints
    penalties: Ints
    years: Ints
    bursts: Bursts


def score(population: Population, day: date, policy: Policy, bursts: Bursts | None = None) -> Scores:
    """Return the scores of everybody on a day; only facts up to that day count.

    `bursts` are those of this or a later day, when they are known: what makes a month one never comes after it.
    """
    bursts = bursts or burst.find(population, month_index(day), policy)
    lines = np.zeros((len(RULES), population.size), dtype=np.int64)
    years = _years(population, day)
    lines[LINE["base"]] = policy.base
    lines[LINE["registration.age"]] = np.minimum(years * policy.age_per_year, policy.age_cap)
    lines[LINE["registration.status"]] = _by_status(population, policy)
    weighted, cases, orders = _complaints(population, day, policy, bursts)
    ratio = _ratio(weighted, orders, policy)
    lines[LINE["complaint.rate"]] = _rate_points(ratio, policy)
    lines[LINE["complaint.relief_cap"]] = _over_relief(lines[LINE["complaint.rate"]], orders, policy)
    lines[LINE["complaint.cap"]] = _over(lines[LINE["complaint.rate"]], policy.complaint_cap)
    counts = _penalties(population, day)
    for severity, rule in _SEVERITIES:
        lines[LINE[rule]] = counts[severity - 1] * policy.severity_points[severity - 1]
    total_penalty = sum(lines[LINE[rule]] for _, rule in _SEVERITIES)
    lines[LINE["penalty.cap"]] = _over(np.asarray(total_penalty), policy.penalty_cap)
    total = lines.sum(axis=0)
    lines[LINE["score.bound"]] = np.clip(total, 0, MAX_MILLIPOINTS) - total
    lines[LINE["list.override"]] = _override(lines.sum(axis=0), _listed(population, day), policy)
    return Scores(
        lines.sum(axis=0), _rated(population, day, policy, orders), lines, weighted, cases, orders, ratio, counts, years,
        bursts,
    )  # fmt: skip


def _years(population: Population, day: date) -> Ints:
    months = np.where(population.established_month == UNKNOWN_MONTH, 0, month_index(day) - population.established_month)
    return np.maximum(months, 0) // 12


def _by_status(population: Population, policy: Policy) -> Ints:
    table = np.zeros(256, dtype=np.int64)
    for status, points in policy.status_points.items():
        table[status] = points
    return table[population.status]


def _complaints(population: Population, day: date, policy: Policy, bursts: Bursts) -> tuple[Ints, Ints, Ints]:
    """Return weighted cases in thousandths, cases, and orders: each decayed by its age in months; none under review."""
    age = month_index(day) - population.cell_when
    in_window = (age >= 0) & (age < len(policy.decay))
    outcome, decay = np.zeros(256, dtype=np.int64), np.array(policy.decay, dtype=np.int64)
    for status, weight in policy.outcome_weights.items():
        outcome[status] = weight
    cases = in_window & (population.cell_kind == CellKind.CASES) & ~bursts.cells
    value = population.cell_value[cases]
    second = _second_weights(policy)[population.cell_second[cases]]
    weights = outcome[population.cell_first[cases]] * second * decay[age[cases]]
    orders = in_window & (population.cell_kind == CellKind.ORDERS)
    return (
        _sum(population, cases, value * weights) // 1_000_000,
        _sum(population, cases, value),
        _sum(population, orders, population.cell_value[orders] * decay[age[orders]]) // 1000,
    )


def _second_weights(policy: Policy) -> Ints:
    """Return the thousandths by the second class of a case's cell: its response's, times its complainant's."""
    second = range(256)
    return np.array(
        [policy.response_weights[s & RESPONSE_MASK] * policy.complainant_weights[band_in(s)] // 1000 for s in second],
        dtype=np.int64,
    )


def _sum(population: Population, mask: npt.NDArray[np.bool_], values: Ints) -> Ints:
    total = np.zeros(population.size, dtype=np.int64)
    np.add.at(total, population.cell_subject[mask], values)
    return total


def _ratio(weighted_milli: Ints, orders: Ints, policy: Policy) -> Ints:
    """Return the shrunken rate over the peer rate, in thousandths: so many prior orders stand at the peer rate."""
    prior = policy.prior_orders * policy.peer_per_million * 1000
    ratio: Ints = (weighted_milli * 1_000_000 + prior) // ((orders + policy.prior_orders) * policy.peer_per_million)
    return ratio


def _rate_points(ratio: Ints, policy: Policy) -> Ints:
    """Return points: lost in proportion to the excess over the peer rate, won in proportion to what lies below it."""
    excess = ratio - 1000
    points: Ints = np.where(excess > 0, -(excess * policy.slope // 1000), -excess * policy.relief // 1000)
    return points


def _over_relief(points: Ints, orders: Ints, policy: Policy) -> Ints:
    """Return what takes from a gain all that is more than its peer group, by orders that still count, can win."""
    floors, caps = (np.array(column, dtype=np.int64) for column in zip(*policy.relief_caps, strict=True))
    most = caps[np.searchsorted(floors, orders, side="right") - 1]
    over: Ints = np.minimum(most - points, 0)
    return over


def _over(points: Ints, cap: int) -> Ints:
    """Return what gives back to a loss all that is more than the cap."""
    return np.maximum(-cap - points, 0)


def _penalties(population: Population, day: date) -> Ints:
    """Return how many penalties of each severity are in their publicity window."""
    counts = np.zeros((3, population.size), dtype=np.int64)
    mask = (population.cell_kind == CellKind.PENALTIES) & (population.cell_when <= day.toordinal())
    if not mask.any():
        return counts
    severity, decided = population.cell_first[mask], population.cell_when[mask]
    live = _window_ends(severity, decided) > np.datetime64(day)
    np.add.at(counts, (severity[live] - 1, population.cell_subject[mask][live]), population.cell_value[mask][live])
    return counts


def _window_ends(severity: Ints, decided: Ints) -> npt.NDArray[np.datetime64]:
    """Return the ends of publicity windows: publicity.window_end over columns."""
    days = np.datetime64("0001-01-01") + (decided - 1)
    months = np.zeros(len(severity), dtype=np.int64)
    for rule in reversed(REGIMES):
        table = np.array([0, *(rule.months[s] for s in (1, 2, 3))], dtype=np.int64)
        months = np.where(decided >= rule.effective_from.toordinal(), table[severity], months)
    first = days.astype("datetime64[M]")
    target = first + months
    last = (target + 1).astype("datetime64[D]") - target.astype("datetime64[D]") - 1
    return np.asarray(target.astype("datetime64[D]") + np.minimum(days - first.astype("datetime64[D]"), last))


def _listed(population: Population, day: date) -> npt.NDArray[np.bool_]:
    """Tell who stands on a list on a day: more listings have begun than ended."""
    mask = (population.cell_kind == CellKind.LISTINGS) & (population.cell_when <= day.toordinal())
    if not mask.any():
        return population.listed
    signs = np.where(population.cell_first[mask] == BEGINS, 1, -1)
    return population.listed | (_sum(population, mask, population.cell_value[mask] * signs) > 0)


def _override(scores: Ints, listed: npt.NDArray[np.bool_], policy: Policy) -> Ints:
    """Return what brings a listed enterprise below the floor of the lowest grade above D."""
    ceiling = policy.floors[-1][1] - 1
    return np.where(listed, np.minimum(ceiling - scores, 0), 0)


def _rated(population: Population, day: date, policy: Policy, orders: Ints) -> npt.NDArray[np.bool_]:
    """Tell who can be rated: registered, of a rated status, and neither new nor of unknown age unless it reports orders."""
    unrated = np.zeros(256, dtype=bool)
    unrated[list(policy.unrated)] = True
    months = month_index(day) - population.established_month
    of_age = (population.established_month != UNKNOWN_MONTH) & (months >= policy.new_months)
    rated: npt.NDArray[np.bool_] = population.known & ~unrated[population.status] & (of_age | (orders > 0))
    return rated
