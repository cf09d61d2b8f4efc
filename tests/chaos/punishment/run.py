"""One fault run of joint punishment, and the sum over all runs: `python -m tests.chaos.punishment.run --help`.

Listings are decided and ended while everything is killed; the verdict on the end reads only what departments wrote down.
"""

import argparse
import sys
import threading
import time
from base64 import b64encode
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import orjson
import psycopg

from services.cli.departments import history, journal
from services.credit.adapters.punishment.law_files import load_law
from services.credit.adapters.punishment.verify import verify
from services.credit.config import LAW_FOLDER
from tests.chaos.punishment import hooks
from tests.chaos.punishment.office import MEASURES, Office
from tests.chaos.punishment.scene import Scene, codes, scene

#: What is asked over all runs.
WANTED = {
    **dict.fromkeys(("server", "worker", "sequencer", "relay", "sender", "department"), 200),
    **dict.fromkeys(("database", "broker"), 30),
}
LEDGER = Path("var/chaos/punishment.jsonl")
#: An enterprise is listed several times in a long run.
MOST_ENTERPRISES = 2000
#: How long the end may take after the last kill, at least and as a share of the run: slow departments have a backlog.
PATIENCE_SECONDS, PATIENCE_SHARE = 90.0, 0.75
_OPEN = "SELECT count(*) FROM credit.directive WHERE state <> 8"
_UNSENT = """
SELECT (SELECT count(*) FROM credit.webhook_message WHERE is_waiting) + coalesce(sum(f.last_number + 1 - p.value), 0)
FROM credit.webhook AS w JOIN credit.webhook_position AS p USING (webhook_id) JOIN credit.department_feed AS f ON f.department = w.owner
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is done in how many seconds; `with_kafka` has the topics on a real broker."""

    seed: int
    seconds: float
    listings: int
    departments: int = 100
    with_kafka: bool = False


@dataclass(slots=True, kw_only=True)
class Result:
    """What a run did and what was compared; it passed when there is no fault."""

    size: Size
    began: str
    listed: int = 0
    orders: int = 0
    directives: int = 0
    replays: int = 0
    delivered: int = 0
    redelivered: int = 0
    repeated: int = 0
    departments: int = 0
    killed: dict[str, int] = field(default_factory=dict)
    fell: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def run(folder: Path, size: Size) -> Result:
    """Run once in a folder; raises AssertionError when the end does not come."""
    result = Result(size=size, began=datetime.now(UTC).isoformat(timespec="seconds"))
    enterprises = min(size.listings, MOST_ENTERPRISES)
    with scene(
        folder, size.seed, departments=size.departments, enterprises=enterprises, with_kafka=size.with_kafka
    ) as made:
        known = codes(enterprises, size.departments // 5 - 1)
        office = Office(f"127.0.0.1:{made.job.port}", made.job.key_file, known, size.seed)
        _strike_while_it_works(made, office, size)
        _wait_for_the_end(made, size.seconds)
        result.listed, result.repeated = office.listed, office.repeated
        result.killed, result.fell = dict(made.killed), dict(made.fell)
        made.end()
        _judge(made, result)
    return result


def _strike_while_it_works(made: Scene, office: Office, size: Size) -> None:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            office.work(size.seconds, size.listings)
        except BaseException as error:  # noqa: BLE001 - raised below
            failed.append(error)

    chance, working, ends_at = Random(size.seed), threading.Thread(target=work), time.monotonic() + size.seconds
    working.start()
    while time.monotonic() < ends_at and working.is_alive():
        made.strike()
        if time.monotonic() > ends_at - size.seconds / 2:
            made.kill_each_once()  # also where a run is too short for chance
        time.sleep(chance.random())  # how far the others come before the next kill is chance
    while working.is_alive():  # what stands is ended in peace
        made.tend()
        working.join(0.2)
    if failed:
        raise failed[0]


def _wait_for_the_end(made: Scene, seconds: float) -> None:
    """Wait until every department has confirmed every lift, and webhooks have got all."""
    deadline = time.monotonic() + max(PATIENCE_SECONDS, seconds * PATIENCE_SHARE)
    while (left := [_value(made.job.dsn, query) for query in (_OPEN, _UNSENT)]) != [0, 0]:
        assert time.monotonic() < deadline, f"{left} orders are not lifted everywhere, directives not delivered"
        made.tend()
        time.sleep(0.2)


def _judge(made: Scene, result: Result) -> None:
    """Compare what departments saw with itself, and its sum with what was ordered; then prove the ledger from its events."""
    found = history.check(journal.read(made.job.journals))
    result.departments, result.directives, result.replays = found.departments, found.effects, found.replays
    result.orders = _value(made.job.dsn, "SELECT count(*) FROM credit.directive")
    result.faults = list(found.faults)
    if result.orders != result.listed * 2 * len(MEASURES):
        result.faults.append(f"{result.listed} decisions made {result.orders} orders")
    for name, count in (("took effect", found.applied), ("were lifted", found.lifted)):
        if count != result.orders:
            result.faults.append(f"of {result.orders} orders {count} {name} at departments")
    _judge_webhooks(made, result)
    with psycopg.connect(made.job.dsn) as conn:
        result.faults += verify(conn, load_law(LAW_FOLDER), datetime.now(UTC)).faults
    if result.fell.get("department"):
        result.faults.append(f"departments ended by themselves {result.fell['department']} times")


def _judge_webhooks(made: Scene, result: Result) -> None:
    """Judge what came by webhook by itself, and compare its sum with what came to the same department by its stream."""
    for department in made.subscribers:
        came = list(hooks.read(made.job.hooks, department))
        judged = hooks.check(department, came)
        result.delivered += judged.messages
        result.redelivered += judged.again
        result.faults += judged.faults
        streamed = {
            (one.number, b64encode(one.digest).decode(), b64encode(one.directive).decode())
            for one in journal.read(made.job.journals, [department])
        }
        if {one[3:] for one in came} != streamed:
            result.faults.append(f"{department}: its webhook brought other directives than its stream")


def _value(dsn: str, query: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(query).fetchone()  # type: ignore[call-overload]
    return int(row[0]) if row else 0


def keep(result: Result, ledger: Path = LEDGER) -> None:
    """Add a run to the sum."""
    ledger.parent.mkdir(parents=True, exist_ok=True)
    with ledger.open("ab") as file:
        file.write(orjson.dumps(asdict(result), option=orjson.OPT_APPEND_NEWLINE))


def summary(ledger: Path = LEDGER) -> str:
    """Return the sum over all runs that are kept, and what is still wanted."""
    runs = [orjson.loads(line) for line in ledger.read_bytes().splitlines()] if ledger.exists() else []
    killed: Counter[str] = Counter()
    for one in runs:
        killed.update(one["killed"])
    names = ("listed", "orders", "directives", "replays", "delivered", "redelivered")
    sums = {name: sum(one.get(name, 0) for one in runs) for name in names}
    faults = [fault for one in runs for fault in one["faults"]]
    told = (
        f"{len(runs)} runs, seeds {sorted({one['size']['seed'] for one in runs})}: {sums['listed']:,} listings, "
        f"{sums['orders']:,} orders, {sums['directives']:,} directives took effect once, {sums['replays']:,} came again, "
        f"{sums['delivered']:,} by webhook too, {sums['redelivered']:,} of these again, {len(faults)} faults"
    )
    lines = [
        told,
        *(f"  {kind:<11} killed {killed[kind]:>5} of {wanted}" for kind, wanted in WANTED.items()),
        *(f"  FAULT {fault}" for fault in faults[:20]),
    ]
    return "\n".join(lines)


def next_seed(ledger: Path = LEDGER) -> int:
    """Return a seed that no kept run had."""
    return 1 + len(ledger.read_bytes().splitlines()) if ledger.exists() else 1


def main() -> int:
    """Run once, keep and tell it; 1 when there is a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.punishment.run", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2400.0, help="how long is killed (default: 40 minutes)")
    parser.add_argument("--listings", type=int, default=10_000, help="how many listings, spread over the time")
    parser.add_argument("--departments", type=int, default=100, help="a multiple of 5, 10 at least")
    parser.add_argument("--seed", type=int, default=None, help="default: the next one of the ledger")
    parser.add_argument(
        "--kafka", action="store_true", help="topics on a real broker, which is killed too, as is the relay"
    )
    parser.add_argument("--summary", action="store_true", help="only tell the sum over all runs")
    given = parser.parse_args()
    if not given.summary:
        seed = next_seed() if given.seed is None else given.seed
        size = Size(
            seed=seed,
            seconds=given.seconds,
            listings=given.listings,
            departments=given.departments,
            with_kafka=given.kafka,
        )
        with TemporaryDirectory(prefix="chaos-") as folder:
            result = run(Path(folder), size)
        keep(result)
        print(orjson.dumps(asdict(result), option=orjson.OPT_INDENT_2).decode())  # noqa: T201 - a command line
        if result.faults:
            return 1
    print(summary())  # noqa: T201 - a command line
    return 0


if __name__ == "__main__":
    sys.exit(main())
