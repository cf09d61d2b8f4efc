"""Offices and departments: a kind and a region, as in market-regulation-520100; the level follows from the region."""

import re
from enum import IntEnum
from typing import NamedTuple

from services.common.errors import FieldViolation, InvalidInput

_OFFICE = re.compile(r"(?P<kind>[a-z]+(?:-[a-z]+)*)-(?P<region>\d{6})")
NATION = "000000"


class Level(IntEnum):
    """The level of an office; a greater one stands higher."""

    COUNTY = 1
    PREFECTURE = 2
    PROVINCE = 3
    NATION = 4


class Office(NamedTuple):
    """An office: its kind and the six-digit code of its region (GB/T 2260)."""

    kind: str
    region: str

    def __str__(self) -> str:
        """Return the office as tokens and rows name it."""
        return f"{self.kind}-{self.region}"

    @property
    def level(self) -> Level:
        """Return its level."""
        if self.region == NATION:
            return Level.NATION
        if self.region.endswith("0000"):
            return Level.PROVINCE
        return Level.PREFECTURE if self.region.endswith("00") else Level.COUNTY

    @property
    def next_higher(self) -> "Office | None":
        """Return the office above it; None above the nation's."""
        if self.level is Level.NATION:
            return None
        return Office(self.kind, region_at(self.region, Level(self.level + 1)))

    def covers(self, region: str) -> bool:
        """Tell whether a region lies in the office's."""
        return region_at(region, self.level) == self.region


def parse_office(text: str, field: str) -> Office:
    """Return an office; raises InvalidInput naming the field."""
    found = _OFFICE.fullmatch(text)
    if found is None:
        description = f"{text[:60]!r} is no office: write its kind and region, as market-regulation-520100"
        raise InvalidInput(
            f"{field}: {description}", violations=(FieldViolation(field=field, description=description),)
        )
    return Office(found["kind"], found["region"])


def region_at(region: str, level: Level) -> str:
    """Return the region of a level in which a region lies."""
    kept = {Level.COUNTY: 6, Level.PREFECTURE: 4, Level.PROVINCE: 2, Level.NATION: 0}[level]
    return region[:kept].ljust(6, "0")
