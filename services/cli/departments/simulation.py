"""Many departments at once, each with a manner in turn; what they remember is kept in their folder between runs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import grpc
from joserfc.jwk import OKPKey

from services.cli.departments.department import Department
from services.cli.departments.journal import Journal, read
from services.cli.departments.manner import SLOW_SECONDS, Manner, traits
from services.common.auth.actor import Actor, Role
from services.common.auth.tokens import issue
from services.common.kernel.region import GUIZHOU, PREFECTURES

#: The kinds of departments; the first six carry measures.
KINDS = (
    *("market-regulation", "finance", "public-resources", "development-reform", "peoples-bank", "commerce"),
    *("tax", "customs", "cyberspace", "human-resources"),
)
TOKEN_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """How departments are made: where they write, who signs their tokens, and how the offline ones and chance behave."""

    folder: Path
    key: OKPKey
    away_seconds: float
    seed: int
    slow_seconds: float = SLOW_SECONDS

    def names(self, count: int) -> list[str]:
        """Return the names of so many departments: those of the province, then prefecture by prefecture."""
        regions = [region.code for region in (GUIZHOU, *PREFECTURES)]
        return [f"{kind}-{region}" for region in regions for kind in KINDS][:count]

    async def run(self, channel: grpc.aio.Channel, names: Sequence[str], stop: asyncio.Event) -> list[Department]:
        """Let departments work until stopped; raises what stops one of them."""
        last = {one.department: one.number for one in read(self.folder, names) if one.took_effect}
        made = [self._make(channel, n, name, last.get(name, 0)) for n, name in enumerate(names)]
        async with asyncio.TaskGroup() as group:
            for department in made:
                group.create_task(department.run(stop))
        return made

    def _make(self, channel: grpc.aio.Channel, n: int, name: str, last: int) -> Department:
        manner = list(Manner)[n % len(Manner)]
        actor = Actor(subject=f"simulated {name}", office=name, roles=frozenset({Role.DEPARTMENT}))
        return Department(
            name=name,
            channel=channel,
            token=issue(self.key, actor, seconds=TOKEN_SECONDS),
            journal=Journal(self.folder, name),
            traits=traits(manner, self.away_seconds, self.slow_seconds),
            random=Random(f"{self.seed}:{name}"),  # noqa: S311 - chance of a simulation
            last=last,
        )
