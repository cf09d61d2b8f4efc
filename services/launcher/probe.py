"""Measures how long it takes from an event on its topic to its record in search, as a shopper sees it."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import grpc
from merchantcredit.events.v1.complaint_pb2 import ComplaintKind, ComplaintReported, ComplaintStatus, ProblemType
from merchantcredit.search.v1 import search_service_pb2 as pb
from merchantcredit.search.v1 import search_service_pb2_grpc as rpc

from services.common.clock import china_day
from services.common.eventlog import cloudevents
from services.common.eventlog.port import EventLog, Message
from services.common.eventlog.topics import COMPLAINT

SOURCE = "//12315.demo.example"
#: Events are sent so many times a second, and in each tenth of these one is watched.
TICKS = 20
WATCHED_TICKS = 10
#: The first merchants get the watched events and no others, so that what search shows of them is the watched event's doing.
WATCHED_MERCHANTS = 60
GIVE_UP_SECONDS = 60.0


class Looks(NamedTuple):
    """When search is asked for a watched event; what is measured is too long by the time between two looks at most.

    Each look is a search like any other: more of them would take the machine from what is measured, most when it is slow.

    Attributes:
        first: the seconds before the first look; what comes sooner is told as this.
        between: the seconds to the next look, at least; and a tenth of the time that was waited.
    """

    first: float = 0.0
    between: float = 0.05

    def next(self, waited: float) -> float:
        """Return the seconds from one look to the next."""
        return max(self.between, waited / 10)


OFTEN = Looks()


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from event to searchable over some probes, and how many events were sent."""

    events: int
    seconds: float
    probes: tuple[float, ...]

    def quantile(self, share: float) -> float:
        """Return the latency that so large a share of the probes kept."""
        ordered = sorted(self.probes)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


async def measure(
    log: EventLog, address: str, codes: Sequence[str], *, rate: int, seconds: int, looks: Looks = OFTEN
) -> Latency:
    """Send complaint events at a rate for some seconds to merchants in the order given; watch some until search shows them.

    The first WATCHED_MERCHANTS get only watched events; there must be more.
    Raises TimeoutError when an event is not searchable within a minute.
    """
    size = max(1, rate // TICKS)
    ticks = list(_ticks(codes, size, seconds * TICKS))  # made by their source, so before the clock starts
    async with grpc.aio.insecure_channel(address) as channel:
        search = rpc.SearchServiceStub(channel)
        began = time.monotonic()
        probes = await _stream(log, search, ticks, looks)
        elapsed = time.monotonic() - began
        latencies = await asyncio.gather(*probes)
    return Latency(len(ticks) * size, elapsed, tuple(latencies))


async def _stream(
    log: EventLog, search: rpc.SearchServiceStub, ticks: Sequence[list[Message]], looks: Looks
) -> list[asyncio.Task[float]]:
    """Send each tick's events when it is due, on an open schedule; return the waits for the watched ones."""
    began = time.monotonic()
    probes: list[asyncio.Task[float]] = []
    for tick, messages in enumerate(ticks):
        await asyncio.sleep(max(0.0, began + tick / TICKS - time.monotonic()))
        is_watched = tick % WATCHED_TICKS == 0
        before = await _revision(search, messages[0].key) if is_watched else 0
        due = time.monotonic()
        await asyncio.to_thread(log.publish, messages)
        if is_watched:
            probes.append(asyncio.create_task(_wait_for(search, messages[0].key, before, due, looks)))
    return probes


def _ticks(codes: Sequence[str], size: int, count: int) -> Iterator[list[Message]]:
    """Yield the events of each tick; the first one of a watched tick is watched."""
    watched, others = codes[:WATCHED_MERCHANTS], codes[WATCHED_MERCHANTS:]
    run = int(time.time())
    for tick in range(count):
        drawn = [others[(tick * size + i) % len(others)] for i in range(size)]
        if tick % WATCHED_TICKS == 0:
            drawn[0] = watched[tick // WATCHED_TICKS % len(watched)]
        yield [_event(code, f"{run}.{tick}.{i}") for i, code in enumerate(drawn)]


def _event(code: str, number: str) -> Message:
    now = datetime.now(UTC)
    complaint = ComplaintReported(
        case_id=f"demo.{number}",
        credit_code=code,
        kind=ComplaintKind.COMPLAINT_KIND_DISPUTE,
        status=ComplaintStatus.COMPLAINT_STATUS_ACCEPTED,
        received_on=china_day(now).isoformat(),
        problem_type=ProblemType.PROBLEM_TYPE_AFTER_SALES,
    )
    headers = cloudevents.headers(event_id=f"demo.{number}", event_type=COMPLAINT, source=SOURCE, time=now)
    return Message(topic=COMPLAINT, key=code, value=complaint.SerializeToString(), headers=headers)


async def _wait_for(search: rpc.SearchServiceStub, code: str, before: int, due: float, looks: Looks) -> float:
    """Return the seconds until search shows a newer revision."""
    async with asyncio.timeout(GIVE_UP_SECONDS):
        await asyncio.sleep(looks.first)
        while await _revision(search, code) <= before:  # noqa: ASYNC110 - the index is another process: it is asked
            await asyncio.sleep(looks.next(time.monotonic() - due))
    return time.monotonic() - due


async def _revision(search: rpc.SearchServiceStub, code: str) -> int:
    found = await search.SearchRecords(pb.SearchRecordsRequest(query=code, page_size=1))
    return found.hits[0].revision if found.hits else 0
