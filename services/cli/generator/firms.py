"""Makes a registry of invented firms in the columns of real extracts; no name and no code is a real one's."""

import csv
from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import NamedTuple, TextIO

import numpy as np

from services.cli.generator import words as w
from services.cli.generator.randomness import Stream, choose, generator
from services.common.errors import FieldViolation, InvalidInput
from services.common.kernel.credit_code import check_character, organisation_check
from services.common.kernel.region import PREFECTURES, Region

COLUMNS = ("name", "uscc", "reg_date", "type", "capital", "province", "city", "address", "scope")
FIRST_DAY, LAST_DAY = date(2010, 1, 4), date(2025, 12, 31)
#: Firms by prefecture in the order of PREFECTURES, as in an extract of 33,115 firms of Guizhou.
REGION_SHARES = (0.39, 0.08, 0.13, 0.05, 0.07, 0.06, 0.01, 0.05, 0.08, 0.08)
#: Registrars have given out numbers that begin MA0 to MA9 and MAA to MAK so far: MAY is nobody's.
INVENTED = "MAY"
SERIALS = 100_000
BRANDS = tuple("".join(pair) for pair in product(w.BRAND_FIRST, w.BRAND_SECOND))


class Draw(NamedTuple):
    """What is drawn for one firm: positions in the word tables, and numbers."""

    brand: int
    region: int
    trade: int
    form: int
    capital: int
    park: int
    serial: int
    ordinal: int
    house: int


def write(out: TextIO, count: int, seed: int) -> None:
    """Write a registry of so many firms; raises InvalidInput when the word tables have fewer brands."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(draw) for draw in _draws(count, seed))


def limit() -> int:
    """Return how many firms can be invented: brands times trades, each brand and trade once."""
    return len(BRANDS) * len(w.TRADES)


def _draws(count: int, seed: int) -> Iterator[Draw]:
    if count > min(limit(), SERIALS):
        description = f"{count} firms are wanted, the words give {min(limit(), SERIALS)}: ask for fewer"
        raise InvalidInput(
            f"--firms: {description}", violations=(FieldViolation(field="firms", description=description),)
        )
    rng = generator(seed, Stream.FIRMS)
    pairs = rng.permutation(limit())[:count]
    columns = (
        pairs % len(BRANDS),
        choose(rng, REGION_SHARES, count),
        pairs // len(BRANDS),
        choose(rng, tuple(form[3] for form in w.FORMS), count),
        rng.integers(0, len(w.CAPITALS), count),
        rng.integers(0, len(w.PARKS), count),
        rng.permutation(SERIALS)[:count],
        _days(rng, count),
        rng.integers(1, 200, count),
    )
    return map(Draw._make, zip(*(column.tolist() for column in columns), strict=True))


def _days(rng: np.random.Generator, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Draw days of establishment: the nearer the last day the more, and older ones get rare."""
    span = LAST_DAY.toordinal() - FIRST_DAY.toordinal()
    return LAST_DAY.toordinal() - (rng.beta(1.2, 2.5, count) * span).astype(np.int64)


def _row(draw: Draw) -> tuple[str, ...]:
    region, (trade, scope) = PREFECTURES[draw.region], w.TRADES[draw.trade]
    registered, ending, category, _ = w.FORMS[draw.form]
    return (
        f"{region.short_name}{BRANDS[draw.brand]}{trade}{ending}",
        code(category, region, draw.serial),
        date.fromordinal(draw.ordinal).isoformat(),
        registered,
        w.CAPITALS[draw.capital],
        "贵州",
        region.short_name,
        f"贵州省{region.name}{w.PARKS[draw.park]}{draw.house % 12 + 1}栋{draw.house}号",
        scope,
    )


def code(category: str, region: Region, serial: int) -> str:
    """Return a valid code of an organisation number that nobody has."""
    body = f"{INVENTED}{serial:05}"
    first = f"{category}{region.code}{body}{organisation_check(body)}"
    return first + check_character(first)
