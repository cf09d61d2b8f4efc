"""Who trades: merchants drawn from a registry, each with a size, a quality and habits that stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np

from services.cli.generator import constants as c
from services.cli.generator.randomness import Bools, Floats, Ints, Stream, choose, generator
from services.common.errors import FieldViolation, InvalidInput
from services.common.kernel.day import month_index


class Firm(NamedTuple):
    """What the generator needs of a registered firm."""

    credit_code: str
    established_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchants:
    """Merchants as columns: code, first month, share of all orders, and what they are like."""

    codes: Sequence[str]
    first_month: Ints
    weight: Floats
    received_per_order: Floats
    in_time: Floats
    agreed: Floats
    basket_fen: Floats
    platform_shares: Floats

    @property
    def size(self) -> int:
        """Return how many there are."""
        return len(self.codes)

    def active(self, month: int) -> Bools:
        """Tell who is established before the end of a month."""
        return self.first_month <= month


def draw(firms: Sequence[Firm], count: int, seed: int) -> Merchants:
    """Choose merchants from the firms, and give each its nature; raises InvalidInput when there are too few firms."""
    if count > len(firms):
        description = f"{count} merchants are wanted, the registry has {len(firms)} firms: ask for fewer"
        raise InvalidInput(
            f"--merchants: {description}", violations=(FieldViolation(field="merchants", description=description),)
        )
    rng = generator(seed, Stream.MERCHANTS)
    chosen = [firms[i] for i in rng.permutation(len(firms))[:count]]
    ranks = np.arange(1, count + 1) ** -c.ZIPF_EXPONENT
    return Merchants(
        codes=[firm.credit_code for firm in chosen],
        first_month=np.array([_first_month(firm) for firm in chosen], dtype=np.int64),
        weight=ranks / ranks.sum(),
        received_per_order=rng.gamma(c.QUALITY_SHAPE, median_received_per_order() / c.QUALITY_MEDIAN, count),
        in_time=rng.beta(*c.IN_TIME_BETA, count),
        agreed=rng.beta(*_agreed_beta(), count),
        basket_fen=rng.lognormal(np.log(c.BASKET_MEDIAN_FEN), c.BASKET_SIGMA, count),
        platform_shares=_platform_shares(rng, count),
    )


def median_received_per_order() -> float:
    """Return the median merchant's received cases per order: the weighted accepted ones over what a case weighs."""
    return c.WEIGHTED_CASES_PER_MILLION / 1_000_000 / mean_case_weight()


def mean_case_weight() -> float:
    """Return what a received case weighs on average: refused and withdrawn ones nothing, the others by policy."""
    outcome, response = c.OUTCOME_WEIGHTS, c.RESPONSE_WEIGHTS
    in_time, late, never = _response_shares()
    agreed = agreed_when_answered()
    answered_weight = agreed * outcome["AGREED"] + (1 - agreed) * outcome["TERMINATED"]
    ended = (in_time * response["IN_TIME"] + late * response["LATE"]) * answered_weight
    ended += never * response["NONE"] * outcome["TERMINATED"]
    dispute = (1 - c.WITHDRAWN_SHARE) * ended
    lead = outcome["ACCEPTED"] * response["UNSPECIFIED"]
    return (1 - c.REFUSED_SHARE) * ((1 - c.LEAD_SHARE) * dispute + c.LEAD_SHARE * lead)


def agreed_when_answered() -> float:
    """Return the success of mediation among answered cases: who never answers does not agree (Order 20 art. 21)."""
    return c.AGREED_SHARE / (1 - _response_shares()[2])


def _response_shares() -> tuple[float, float, float]:
    in_time = c.IN_TIME_BETA[0] / sum(c.IN_TIME_BETA)
    late = (1 - in_time) * c.LATE_AMONG_THE_REST
    return in_time, late, 1 - in_time - late


def _agreed_beta() -> tuple[float, float]:
    mean = agreed_when_answered()
    return mean * c.AGREED_CONCENTRATION, (1 - mean) * c.AGREED_CONCENTRATION


def _platform_shares(rng: np.random.Generator, count: int) -> Floats:
    splits = np.array(c.PLATFORM_SPLITS)[choose(rng, c.PLATFORM_COUNT_SHARES, count)]
    return rng.permuted(splits, axis=1)


def _first_month(firm: Firm) -> int:
    return 0 if firm.established_on is None else month_index(firm.established_on)
