"""`make demo`: the embedded profile without a person: start on an empty folder, load, stream, report, stop."""

import asyncio
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import grpc
import psycopg
from merchantcredit.credit.v1 import credit_service_pb2 as pb
from merchantcredit.credit.v1 import credit_service_pb2_grpc as rpc
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from services.common.eventlog.feeds import FeedsEventLog
from services.common.kernel.grade import Grade
from services.credit.domain.explain import points
from services.launcher.convergence import converge
from services.launcher.probe import Latency, measure
from services.launcher.sample import load_sample
from services.launcher.state import Endpoints, State
from services.launcher.supervisor import Supervisor

RATE = 100
SECONDS = 10
SETTLE_SECONDS = 120


def demo(port_base: int) -> None:
    """Run the demo in a temporary folder and print its report; raises what fails."""
    with tempfile.TemporaryDirectory(prefix="merchant-credit-demo-") as folder:
        state = State(Path(folder), port_base)
        with Supervisor(state) as supervisor:
            began = time.monotonic()
            endpoints = supervisor.start()
            print(f"started in {time.monotonic() - began:.1f} s; loading the sample data", flush=True)
            load_sample(state)
            _await_settled(endpoints.dsn)
            codes = known_codes(endpoints.dsn)
            print(f"streaming {RATE} events/s for {SECONDS} s", flush=True)
            with closing(FeedsEventLog(endpoints.dsn)) as log:
                latency = asyncio.run(measure(log, endpoints.search, codes, rate=RATE, seconds=SECONDS))
            asyncio.run(report(endpoints, latency))
            asyncio.run(converge(state, endpoints))


def _await_settled(dsn: str) -> None:
    """Wait until everything that was loaded is applied and searchable."""
    waiting = Retrying(retry=retry_if_result(bool), stop=stop_after_delay(SETTLE_SECONDS), wait=wait_fixed(0.2))
    waiting(_backlog, dsn)


def _backlog(dsn: str) -> int:
    """Return how many messages the worker and the projector have not come to."""
    with psycopg.connect(dsn) as conn:
        row = conn.execute(
            "SELECT (SELECT count(*) FROM eventlog.pending) + (SELECT coalesce(sum(next_seq), 0) FROM eventlog.feed"
            " WHERE topic LIKE '%.intake.%' AND topic NOT LIKE '%.dlq.%' OR topic LIKE '%registry.enterprise.v1')"
            " - (SELECT coalesce(sum(value), 0) FROM eventlog.group_offset WHERE group_id = 'credit.work')"
        ).fetchone()
    return int(row[0]) if row else 0


def known_codes(dsn: str) -> list[str]:
    """Return codes of merchants with a record."""
    with psycopg.connect(dsn) as conn:
        return [
            row[0]
            for row in conn.execute("SELECT code FROM credit.public_record ORDER BY revision DESC, code LIMIT 500")
        ]


async def report(endpoints: Endpoints, latency: Latency) -> None:
    """Print what a system came to: counts, grades, latency, and one score line by line."""
    counts, grades, code = _counted(endpoints.dsn)
    print("\nReport")
    print(f"  enterprises                {counts['enterprises']:>8,}")
    print(f"  events applied             {counts['events']:>8,}")
    print(f"  dead letters               {counts['dead']:>8,}")
    print(f"  grades                     {'  '.join(f'{g.name} {grades[g]:,}' for g in reversed(Grade) if grades[g])}")
    print(
        f"  event to searchable        median {latency.quantile(0.5) * 1000:.0f} ms, p99 {latency.quantile(0.99) * 1000:.0f} ms"
    )
    print(
        f"                             ({latency.events:,} events in {latency.seconds:.1f} s, {len(latency.probes)} watched)"
    )
    async with grpc.aio.insecure_channel(endpoints.credit) as channel:
        credit = rpc.CreditServiceStub(channel)
        explained = await credit.ExplainScore(pb.ExplainScoreRequest(credit_code=code))
    print(
        f"\nWhy {code} has grade {explained.grade}, {points(explained.score_millipoints)} points, by policy {explained.policy_version}:"
    )
    for line in explained.contributions:
        print(f"  {points(line.amount_millipoints):>10}  {line.explanation_en}\n{'':>12}  {line.explanation_zh}")
    total = sum(line.amount_millipoints for line in explained.contributions)
    print(f"  {points(total):>10}  in all", flush=True)


def _counted(dsn: str) -> tuple[dict[str, int], Counter[Grade], str]:
    """Return totals, records by grade, and the merchant whose score has most to explain."""
    with psycopg.connect(dsn) as conn:
        totals = {
            "enterprises": "SELECT count(*) FROM credit.public_record",
            "events": "SELECT count(*) FROM credit.assertion",
            "dead": "SELECT count(*) FROM credit.inbox WHERE verdict = 5",
        }
        counts = {name: int(conn.execute(query).fetchall()[0][0]) for name, query in totals.items()}
        rows = conn.execute("SELECT grade, count(*) FROM credit.subject WHERE known GROUP BY grade").fetchall()
        code = conn.execute(
            "SELECT code FROM credit.subject WHERE known AND grade BETWEEN 1 AND 6"
            " ORDER BY length(detail) DESC, code LIMIT 1"
        ).fetchall()[0][0]
    return counts, Counter({Grade(grade): count for grade, count in rows}), code
