"""What an event costs: beside a million merchants against beside none, and at a long history against at a short one."""

import statistics
import time
from collections.abc import Iterator
from datetime import timedelta

import psycopg
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported

from services.common.clock import FixedClock
from services.common.eventlog.batch import BatchConsumer, BatchPolicy
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.port import Message, Record
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import COMPLAINT
from services.credit.bootstrap import BATCH, working
from services.credit.config import CreditConfig
from tests.benchmarks import million, workload
from tests.benchmarks.credit_worker import KEY, drain
from tests.benchmarks.fresh import fresh_database, settle
from tests.benchmarks.harness import Outcome, Scale, benchmark

MERCHANTS = 10_000
EVENTS = 50_000
LONG, SHORT = 100_000, 100
PAIRS = 300
_MOST_GROWTH, _MOST_LONGER = 1.2, 1.5
_INBOX = """
INSERT INTO credit.inbox (source, event_id, digest, verdict, fact_id, recorded_at)
SELECT source, event_id, '\\x00', 1, fact_id, recorded_at FROM credit.assertion
"""


@benchmark("cost_per_event_growth", unit="times", to="the limit of the issue, 1.2: below 1 is within it")
def cost_per_event_growth(scale: Scale) -> Outcome:
    """Apply one stream over the same merchants with nobody else in the ledger, then with everybody."""
    with fresh_database() as alone, fresh_database() as beside:
        prepare(alone, scale, 0)
        prepare(beside, scale, scale.of(million.MERCHANTS))
        return compare(alone, beside)


@benchmark("cost_of_long_history", unit="times", to="the limit of the issue, 1.5: below 1 is within it")
def cost_of_long_history(scale: Scale) -> Outcome:
    """Apply single events in turn to a merchant with a long history and to one with a short one; compare the medians."""
    codes = workload.codes(2)
    with fresh_database() as dsn:
        log = FeedsEventLog(dsn)
        log.publish(list(workload.registrations(codes)))
        for chunk in workload.chunks(_history(codes[0], scale.of(LONG))):
            log.publish(chunk)
        log.publish(list(_history(codes[1], SHORT)))
        drain(dsn, log)
        settle(dsn)
        long, short = _in_turn(dsn, log, codes)
        log.close()
    return Outcome(long / short, _MOST_LONGER, {"ms_long": long * 1000, "ms_short": short * 1000})


def prepare(dsn: str, scale: Scale, ballast: int) -> None:
    """Put so many others into the ledger, register the last merchants, and put the stream over them on its topics."""
    known = workload.codes(scale.of(million.MERCHANTS) + MERCHANTS)[-MERCHANTS:]
    if ballast:
        million.prepare(dsn, ballast, with_ledger=True)
        with psycopg.connect(dsn) as conn:
            conn.execute(_INBOX)
    log = FeedsEventLog(dsn)
    for chunk in workload.chunks(workload.registrations(known)):
        log.publish(chunk)
    drain(dsn, log)
    for chunk in workload.chunks(workload.events(known, EVENTS)):
        log.publish(chunk)
    Sequencer(dsn).sequence_once()
    log.close()
    _vacuum(dsn)


def compare(alone: str, beside: str) -> Outcome:
    """Apply the stream to both ledgers, one right after the other; both are prepared long before."""
    seconds: dict[str, float] = {}
    for dsn in (alone, beside):
        settle(dsn)
        log = FeedsEventLog(dsn)
        began = time.perf_counter()
        drain(dsn, log)
        seconds[dsn] = time.perf_counter() - began
        log.close()
    besides = {"seconds_beside": seconds[beside], "seconds_alone": seconds[alone]}
    return Outcome(seconds[beside] / seconds[alone], _MOST_GROWTH, besides)


def _vacuum(dsn: str) -> None:
    """Do what autovacuum would still have to do for what was just copied in: it is no part of an event's cost."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("VACUUM (FREEZE)")


def _in_turn(dsn: str, log: FeedsEventLog, codes: list[str]) -> tuple[float, float]:
    """Return the median seconds of one event, committed, at the one merchant and at the other, taken in turn."""
    batch, _ = working(
        CreditConfig(dsn=dsn, complainant_key=KEY), log, FixedClock(workload.NOW), BatchPolicy(max_records=BATCH)
    )
    assert isinstance(batch, BatchConsumer)
    seconds: dict[str, list[float]] = {code: [] for code in codes}
    streams = [_history(code, PAIRS, "new") for code in codes]
    for messages in zip(*streams, strict=True):
        for code, message in zip(codes, messages, strict=True):
            record = Record(COMPLAINT, 0, 0, message.key, message.headers, message.value)
            began = time.perf_counter()
            with batch.pool.connection() as conn:
                batch.handler(conn, [record])
            seconds[code].append(time.perf_counter() - began)
    batch.pool.close()
    return statistics.median(seconds[codes[0]]), statistics.median(seconds[codes[1]])


def _history(code: str, count: int, prefix: str = "old") -> Iterator[Message]:
    """Yield complaints of three years; every hundredth complainant comes back."""
    for number in range(count):
        day = workload.NOW.date() - timedelta(days=number * 7 % 1000)
        body = ComplaintReported(
            case_id=f"{code}-{prefix}-{number}", credit_code=code, kind=1, status=(2, 4, 5)[number % 3],  # type: ignore[arg-type]
            received_on=str(day), response=number % 4, problem_type=number % 9,  # type: ignore[arg-type]
            complainant_pseudonym=f"{prefix}{number if number % 100 else 0}",
        )  # fmt: skip
        yield workload.message(COMPLAINT, body, f"{code}-{prefix}-{number}", "//12315.gz", workload.NOW)
