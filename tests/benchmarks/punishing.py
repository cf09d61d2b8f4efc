"""What the benchmarks of joint punishment share: enterprises with evidence, a server process, workers, tokens, open loops."""

import asyncio
import multiprocessing
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg
import uvloop
from merchantcredit.events.v1.violation_pb2 import ViolationReported

from services.common.auth.actor import Actor, Role
from services.common.auth.tokens import Verifier, issue, load_key
from services.common.clock import FixedClock, china_day
from services.common.eventlog import cloudevents
from services.common.eventlog.batch import BatchPolicy
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.port import Message
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import VIOLATION
from services.common.grpc import server
from services.common.kernel.credit_code import check_character
from services.common.lifecycle import run_loops
from services.credit.adapters.listing_records import ListingRecords
from services.credit.adapters.policy_files import load_policies
from services.credit.adapters.punishment.law_files import load_law
from services.credit.adapters.punishment.postgres_store import PostgresPunishment
from services.credit.application.punishment.propose import Proposal, propose_listing
from services.credit.application.punishment.take_step import take_step
from services.credit.bootstrap import PUNISHMENT_POLL_SECONDS, punishing, serving_punishment
from services.credit.config import LAW_FOLDER, POLICY_FOLDER, CreditConfig
from services.credit.domain.publicity import Severity
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import StepKind
from tests.benchmarks import workload
from tests.benchmarks.credit_worker import KEY, drain

OFFICE = "market-regulation-520000"
#: Five measures, each at the province and the prefecture: ten directives; nineteen prefectures and the province: 100 departments.
MEASURES = ("limit-procurement", "limit-bidding", "limit-fiscal-funds", "no-honours", "prudent-credit")
PREFECTURES = 19
CLOCK = FixedClock(workload.NOW)
LAW = load_law(LAW_FOLDER)
RECORDS = ListingRecords(load_policies(POLICY_FOLDER), CLOCK)


def codes(count: int) -> list[str]:
    """Return distinct codes, dealt over the prefectures."""
    bodies = (f"9152{n % PREFECTURES + 1:02d}00MA{n:07d}" for n in range(count))
    return [body + check_character(body) for body in bodies]


def register(dsn: str, known: Sequence[str]) -> None:
    """Let the worker publish each enterprise with a heavy penalty as evidence."""
    log = FeedsEventLog(dsn)
    for messages in (workload.registrations(known), map(_penalty, known)):
        for chunk in workload.chunks(iter(messages)):
            log.publish(chunk)
        drain(dsn, log)
    log.close()


def _penalty(code: str) -> Message:
    told = ViolationReported(
        credit_code=code, document_number="heavy", penalty_kind=5, severity=3, decided_on="2026-05-20", conduct_type="c"
    )
    headers = cloudevents.headers(
        event_id=f"v{code}", event_type=VIOLATION, source="//enforcement.gz", time=workload.NOW
    )
    return Message(topic=VIOLATION, key=code, value=told.SerializeToString(), headers=headers)


def hear(conn: psycopg.Connection, listing_id: str, code: str) -> None:
    """Bring a listing to where only its decision is missing."""
    store, now = PostgresPunishment(conn, LAW, RECORDS.tell), CLOCK.now()
    proposal = Proposal(
        listing_id=listing_id, code=code, list_id="serious-dishonesty", trigger_id="food", severity=Severity.SERIOUS,
        fact_ids=(f"penalty:{code}:heavy",), reasons="r", document_number="", is_grave=True,
    )  # fmt: skip
    proposer = Actor(subject="proposer", office=OFFICE, roles=frozenset({Role.OFFICE}))
    propose_listing(store, LAW, proposer, proposal, now)
    for kind in (StepKind.NOTIFY, StepKind.HEAR):
        step = Step(
            kind=kind, day=china_day(now), actor="proposer", office=OFFICE, document_number="d", reasons="r", rights="r"
        )
        take_step(store, LAW, proposer, listing_id, step, now)


@contextmanager
def running(dsn: str, key_file: Path, *, with_workers: bool = False) -> Iterator[str]:
    """Run the server, and what numbers directives, in processes of their own; yield the server's address."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    processes: list[BaseProcess] = [context.Process(target=_serve, args=(dsn, key_file, theirs), daemon=True)]
    if with_workers:
        processes += [context.Process(target=target, args=(dsn,), daemon=True) for target in (_sequence, _work)]
    for process in processes:
        process.start()
    try:
        yield ours.recv()
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _serve(dsn: str, key_file: Path, said: Connection) -> None:
    uvloop.run(_serving(dsn, key_file, said))


async def _serving(dsn: str, key_file: Path, said: Connection) -> None:
    services = [serving_punishment(CreditConfig(dsn=dsn, complainant_key=KEY), CLOCK)]
    running_server = await server.start(services, verifier=Verifier(load_key(key_file)), address="127.0.0.1:0")
    said.send(f"127.0.0.1:{running_server.port}")
    await running_server.server.wait_for_termination()


def _sequence(dsn: str) -> None:
    Sequencer(dsn).run(threading.Event())


def _work(dsn: str) -> None:
    policy = BatchPolicy(poll_seconds=PUNISHMENT_POLL_SECONDS)
    config = CreditConfig(dsn=dsn, complainant_key=KEY)
    run_loops(punishing(config, FeedsEventLog(dsn), CLOCK, policy), threading.Event())


def token(key_file: Path, role: Role, subject: str, office: str) -> list[tuple[str, str]]:
    """Return the metadata of a caller."""
    actor = Actor(subject=subject, office=office, roles=frozenset({role}))
    return [("authorization", f"Bearer {issue(load_key(key_file), actor, seconds=3600)}")]


async def open_loop(rate: int, count: int, call: Callable[[int], Awaitable[None]]) -> list[float]:
    """Begin so many calls a second whether earlier ones are answered or not.

    Returns:
        the seconds of each call from when it was due, so that a stall is counted in all who waited for it.
    """
    began = time.perf_counter() + 0.1
    took = [0.0] * count

    async def one(number: int, due: float) -> None:
        await call(number)
        took[number] = time.perf_counter() - due

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(number, due))
    return took


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies, in milliseconds."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000
