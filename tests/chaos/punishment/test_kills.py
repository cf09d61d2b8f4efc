"""Decides and ends listings while every kind of process is killed; the verdict reads only what departments wrote down."""

import random
import socket
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg
import pytest

from services.cli.departments import history, journal
from services.common.auth.actor import Actor, Role
from services.common.auth.tokens import make_key
from services.common.clock import SystemClock, china_day
from services.common.kernel.credit_code import check_character
from services.credit.adapters.listing_records import ListingRecords
from services.credit.adapters.policy_files import load_policies
from services.credit.adapters.punishment.law_files import load_law
from services.credit.adapters.punishment.postgres_store import PostgresPunishment
from services.credit.adapters.punishment.verify import verify
from services.credit.application.punishment.decide import decide_listing
from services.credit.application.punishment.end import end_listing
from services.credit.application.punishment.propose import Proposal, propose_listing
from services.credit.application.punishment.take_step import take_step
from services.credit.config import LAW_FOLDER, POLICY_FOLDER
from services.credit.domain.publicity import Severity
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import EndReason, StepKind
from tests.chaos.processes import kill, start
from tests.chaos.punishment import processes
from tests.chaos.punishment.processes import Job
from tests.integration.credit.world import enterprise, told, violation, world

LAW = load_law(LAW_FOLDER)
RECORDS = ListingRecords(load_policies(POLICY_FOLDER), SystemClock())
OFFICE = "market-regulation-520000"
MEASURES = ("limit-procurement", "limit-bidding", "limit-fiscal-funds", "no-honours", "prudent-credit")
KINDS: dict[str, Callable[[Job], None]] = {
    "server": processes.serve,
    "worker": processes.work,
    "sequencer": processes.sequence,
    "department": processes.department,
}
CODES = tuple(f"91520{n}00MA7{n:06d}" + check_character(f"91520{n}00MA7{n:06d}") for n in range(1, 4))


def act(dsn: str, use: Callable[[PostgresPunishment, datetime], object]) -> None:
    """Run one use case in its transaction, as the server does."""
    with psycopg.connect(dsn) as conn:
        use(PostgresPunishment(conn, LAW, RECORDS.tell), datetime.now(UTC))


def person(name: str) -> Actor:
    return Actor(subject=name, office=OFFICE, roles=frozenset({Role.REGULATOR}))


def step(kind: StepKind, name: str, **given: object) -> Step:
    return Step(
        kind=kind, day=china_day(datetime.now(UTC)), actor=name, office=OFFICE, document_number="文", reasons="r", rights="r",
        **given,  # type: ignore[arg-type]
    )  # fmt: skip


def decide(dsn: str, listing_id: str, code: str) -> None:
    proposal = Proposal(
        listing_id=listing_id, code=code, list_id="serious-dishonesty", trigger_id="food", severity=Severity.SERIOUS,
        fact_ids=(f"penalty:{code}:heavy",), reasons="r", document_number="", is_grave=True,
    )  # fmt: skip
    act(dsn, lambda store, now: propose_listing(store, LAW, person("a"), proposal, now))
    for kind in (StepKind.NOTIFY, StepKind.HEAR):
        act(dsn, lambda s, now, kind=kind: take_step(s, LAW, person("a"), listing_id, step(kind, "a"), now))  # type: ignore[misc]
    decision = step(StepKind.DECIDE, "b", measure_ids=MEASURES)
    act(dsn, lambda store, now: decide_listing(store, LAW, person("b"), listing_id, decision, now))


def end(dsn: str, listing_id: str) -> None:
    ended = step(StepKind.END, "b", end_reason=EndReason.ANNULLED)
    act(dsn, lambda store, now: end_listing(store, LAW, person("b"), listing_id, ended, now))


def value(dsn: str, query: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(query).fetchone()  # type: ignore[call-overload]
    return int(row[0]) if row else 0


class Killer:
    """Runs one process of each kind and kills them in turn by a seed."""

    def __init__(self, job: Job, seed: int) -> None:
        self._job = job
        self._random = random.Random(seed)
        self._running: dict[str, BaseProcess] = {name: start(run, job) for name, run in KINDS.items()}  # type: ignore[arg-type]
        self.killed: Counter[str] = Counter()

    def kill_one(self) -> None:
        """Kill a process, or two at once, and start them again."""
        for name in self._random.sample(sorted(KINDS), self._random.choice((1, 1, 2))):
            kill(self._running[name])
            self.killed[name] += 1
            self._running[name] = start(KINDS[name], self._job)  # type: ignore[arg-type]

    def end(self) -> None:
        for process in self._running.values():
            kill(process)


def quiet_port(rng: random.Random) -> int:
    """Return a free port below the ephemeral ones: a client that calls a dead server on one of those can meet itself."""
    while True:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port := rng.randrange(20_000, 30_000)))
            except OSError:
                continue
            return port


@pytest.fixture
def prepared(dsn: str) -> str:
    with world(dsn) as made:
        heavy = {"severity": 3, "penalty_kind": 5}
        made.tell(*(told(enterprise(code), f"e{code}") for code in CODES))
        made.tell(*(told(violation("heavy", code=code, **heavy), f"v{code}") for code in CODES))
    return dsn


@pytest.mark.timeout(3600)  # the long run works for 40 minutes
@pytest.mark.parametrize("seed", [1])
def test_nothing_is_lost_doubled_or_swapped(prepared: str, tmp_path: Path, *, is_long: bool, seed: int) -> None:
    dsn, seconds = prepared, 2400.0 if is_long else 20.0
    make_key(tmp_path / "key.pem")
    regions = sorted({f"{code[2:6]}00" for code in CODES} | {"520000"})
    kinds = {LAW.measure(m, china_day(datetime.now(UTC))).department for m in MEASURES}
    names = sorted(f"{kind}-{region}" for kind in kinds for region in regions)
    job = Job(
        dsn=dsn,
        port=quiet_port(random.Random()),
        key_file=tmp_path / "key.pem",
        journals=tmp_path / "j",
        departments=tuple(names),
    )
    killer = Killer(job, seed)
    try:
        listed = _work_under_kills(dsn, killer, seconds, random.Random(seed))
        open_orders = "SELECT count(*) FROM credit.directive WHERE state <> 8"
        while value(dsn, open_orders):  # the test's time limit ends it
            time.sleep(0.2)
    finally:
        killer.end()
    found = history.check(journal.read(job.journals))
    orders = value(dsn, "SELECT count(*) FROM credit.directive")
    assert found.faults == []
    assert (found.applied, found.lifted) == (orders, orders)
    assert orders == listed * 2 * len(MEASURES)
    with psycopg.connect(dsn) as conn:
        assert verify(conn, LAW, datetime.now(UTC)).faults == []
    print(f"\nlistings {listed}, orders {orders}, replays {found.replays}, killed {dict(killer.killed)}")  # noqa: T201


def _work_under_kills(dsn: str, killer: Killer, seconds: float, rng: random.Random) -> int:
    """Decide and end listings while processes die; return how many there were, all of them ended."""
    ends_at, listed, standing = time.monotonic() + seconds, 0, list[str]()
    while time.monotonic() < ends_at:
        for _ in range(3):
            listing_id = f"l{listed}"
            decide(dsn, listing_id, rng.choice(CODES))
            standing.append(listing_id)
            listed += 1
        if len(standing) > 6:
            end(dsn, standing.pop(rng.randrange(len(standing))))
        killer.kill_one()
        time.sleep(rng.random())  # how far the others come before the next kill is chance
    for listing_id in standing:
        end(dsn, listing_id)
    return listed
