"""The whole embedded system, measured as its users run it: loading, rest, and the way from an event to search."""

import asyncio
import csv
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from services.common.eventlog.feeds import FeedsEventLog
from services.launcher.probe import measure
from tests.benchmarks import workload
from tests.benchmarks.harness import Outcome, Scale, benchmark
from tests.benchmarks.memory import pss_of_tree
from tests.e2e.platform import Platform, running

FIRMS = 33_000
LOAD_SECONDS = 15.0
REST_SECONDS = 60
MEGABYTES = 400.0
RATE = 500
STREAM_SECONDS = 30
P99_MILLISECONDS = 1000.0


@contextmanager
def _platform() -> Iterator[Platform]:
    with TemporaryDirectory(prefix="bench-") as folder, running(Path(folder) / "var") as platform:
        yield platform


@benchmark("registry_load", unit="s", to="the 15 s that 33,000 firms may take")
def registry_load(scale: Scale) -> Outcome:
    """Load a register of firms over gRPC with the loader as shipped, beside everything else that runs."""
    with _platform() as platform:
        file = _register(platform.state.parent / "firms.csv", scale.of(FIRMS))
        command = [
            sys.executable,
            "-m",
            "services.cli",
            "load",
            "registry",
            str(file),
            "--state-dir",
            str(platform.state),
        ]
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        return Outcome(time.perf_counter() - began, LOAD_SECONDS * scale.of(FIRMS) / FIRMS)


def _register(file: Path, firms: int) -> Path:
    """Write a register of invented firms in the columns of a real one."""
    with file.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(
            ("credit_code", "name", "legal_type", "region_code", "established_on", "business_scope", "status")
        )
        for number, code in enumerate(workload.codes(firms)):
            firm = workload.enterprise(code, number)
            founded = date(2012, 1, 1) + timedelta(days=number % 4000)
            rows.writerow(
                (code, firm.name, firm.enterprise_type, firm.region_code, founded, firm.business_scope, "存续")
            )
    return file


@benchmark("idle_memory", unit="MB", to="the 400 MB, sum of PSS, that the embedded system may take")
def idle_memory(scale: Scale) -> Outcome:
    """Start on an empty folder, which loads the sample data; a minute later add up what each process takes."""
    with _platform() as platform:
        time.sleep(scale.of(REST_SECONDS))  # the rest is what is measured
        parts = pss_of_tree(platform.process.pid)
        return Outcome(sum(parts.values()), MEGABYTES, parts)


@benchmark("event_to_searchable", unit="ms", to="the second that the 99th of 100 events may take")
def event_to_searchable(scale: Scale) -> Outcome:
    """Stream complaints at 500 a second; of two a second, ask search until it shows the newer record."""
    with _platform() as platform:
        with psycopg.connect(platform.dsn) as conn:
            codes = [code for (code,) in conn.execute("SELECT code FROM credit.public_record ORDER BY code LIMIT 1000")]
        address = str(platform.endpoints["search"])
        with closing(FeedsEventLog(platform.dsn)) as log:
            seen = asyncio.run(measure(log, address, codes, rate=RATE, seconds=scale.of(STREAM_SECONDS)))
        return Outcome(seen.quantile(0.99) * 1000, P99_MILLISECONDS, {"median": seen.quantile(0.5) * 1000})
