"""Credit's composition root for what runs beside the servers: the command line calls these and knows no part of credit."""

import os
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import psycopg
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported
from psycopg.errors import TransactionRollback, UniqueViolation
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from services.common.clock import Clock, china_day
from services.common.db.postmaster import die_with_parent
from services.common.errors import VersionConflict
from services.common.eventlog.port import EventLog
from services.credit.adapters import population_reader, shadow_store
from services.credit.adapters.carry_store import PostgresCarrying
from services.credit.adapters.cells_store import copy_cells
from services.credit.adapters.derived_store import PostgresDerived, codes_of
from services.credit.adapters.evaluation_files import find_mapping, read_rows
from services.credit.adapters.policy_files import load_draft, load_policies
from services.credit.adapters.policy_store import refresh
from services.credit.adapters.postgres_ledger import PostgresLedger
from services.credit.adapters.republish import keys_on_topic, say_again, say_gone
from services.credit.adapters.verify_store import RecordEncoder, WholeLedger, accounts_of_part, show, snapshot
from services.credit.application.backtest import Backtest, Mover, backtest
from services.credit.application.carry_facts import CARRIED_FACT, CarryFacts, carried_differences
from services.credit.application.evaluate import Evaluation, evaluate
from services.credit.application.mend_scores import MendScores
from services.credit.application.rebuild_cells import rebuild_cells
from services.credit.application.rescore import rescore
from services.credit.application.verify_scores import Difference, Verification
from services.credit.config import MAPPING_FOLDER, POLICY_FOLDER
from services.credit.consumers.validate import check_complaint
from services.credit.domain.evaluation import GradeOutcome, Interval

__all__ = [
    "Backtest",
    "Difference",
    "Evaluation",
    "GradeOutcome",
    "Interval",
    "Mover",
    "VerifyScores",
    "backtest_draft",
    "check_report",
    "evaluate_files",
    "mend_scores",
    "rebuild",
    "republish_records",
    "shadow",
]


#: A worker that moved a fact of the enterprise meanwhile is waited for so often.
ATTEMPTS = 10


def check_report(report: ComplaintReported, clock: Clock) -> None:
    """Refuse a complaint report that the worker would refuse; raises InvalidInput naming the field and the fix."""
    check_complaint(report, china_day(clock.now()))


def evaluate_files(facts: Path, outcomes: Path, as_of: date, mapping: Path | None, clock: Clock) -> Evaluation:
    """Evaluate the policy that is in force today on two CSV files; see evaluate."""
    policy = load_policies(POLICY_FOLDER).on(china_day(clock.now()))
    facts_file, outcomes_file = read_rows(facts, "--facts"), read_rows(outcomes, "--outcomes")
    chosen = find_mapping(mapping, MAPPING_FOLDER, facts_file, outcomes_file)
    return evaluate(facts_file, outcomes_file, as_of, chosen, policy)


class VerifyScores:
    """Recomputes every published score of a database from its ledger, in one snapshot."""

    def __init__(self, dsn: str, policy_folder: Path = POLICY_FOLDER) -> None:
        self._dsn = dsn
        self._policies = load_policies(policy_folder)
        self._verification = Verification(self._policies, RecordEncoder())

    @property
    def counts(self) -> Mapping[str, int]:
        """Return how many subjects, accounts and scores were gone through."""
        return self._verification.counts

    def differences(self) -> Iterator[Difference]:
        """Yield each difference as it is found."""
        with snapshot(self._dsn) as conn:
            refresh(conn, self._policies)
            ledger = WholeLedger(conn)
            yield from self._verification.differences(ledger)
            yield from carried_differences(PostgresCarrying(conn))
            yield from (Difference("", f"fact {fact_id}", "stands nowhere", "a subject") for fact_id in ledger.unplaced)


def mend_scores(dsn: str, found: Sequence[Difference], clock: Clock, policy_folder: Path = POLICY_FOLDER) -> int:
    """Write what differs anew from the ledger, beside running workers, one transaction an enterprise; return how many."""
    policies = load_policies(policy_folder)
    use_case = MendScores(policies, clock)
    lost = [one.what.removeprefix("fact ") for one in found if not one.code]
    again = Retrying(
        retry=retry_if_exception_type((VersionConflict, TransactionRollback, UniqueViolation)),
        stop=stop_after_attempt(ATTEMPTS),
        reraise=True,
    )
    with psycopg.connect(dsn) as conn:
        refresh(conn, policies)
        codes = sorted({one.code for one in found if one.code} | codes_of(conn, lost))
    for code in codes:
        again(_mend, dsn, use_case, code)
    heirs = {one.code for one in found if one.what.startswith(CARRIED_FACT)}
    again(_carry, dsn, CarryFacts(policies, clock), heirs)
    return len(codes)


def _mend(dsn: str, use_case: MendScores, code: str) -> None:
    with psycopg.connect(dsn) as conn:
        use_case.execute(PostgresLedger(conn), PostgresDerived(conn), code)


def _carry(dsn: str, use_case: CarryFacts, heirs: Iterable[str]) -> None:
    """Let heirs carry what they must, and go on until nothing is due."""
    with psycopg.connect(dsn) as conn:
        for heir in heirs:
            PostgresCarrying(conn).note(heir)
    is_more = True
    while is_more:
        with psycopg.connect(dsn) as conn:
            is_more = use_case.execute(PostgresLedger(conn), PostgresCarrying(conn))


def backtest_draft(dsn: str, draft: Path, day: date, policy_folder: Path = POLICY_FOLDER) -> Backtest:
    """Run a draft over the whole population of a database beside the policy in force on a day, in one snapshot."""
    proposed, policies = load_draft(draft), load_policies(policy_folder)
    with snapshot(dsn) as conn:
        refresh(conn, policies)
        active = policies.on(day)
        population = (chunk for _, chunk in population_reader.chunks(conn))
        return backtest(population, active, proposed, day, population_reader.position(conn))


def shadow(dsn: str, draft: Path, day: date) -> int:
    """Score everybody by a draft into the shadow's table, published to nobody; return how many."""
    policy = load_draft(draft)
    with snapshot(dsn) as conn, psycopg.connect(dsn) as writing:
        run = shadow_store.begin(writing, policy, day, population_reader.position(conn))
        return rescore(population_reader.chunks(conn), shadow_store.PostgresShadow(writing, run), policy, day)


def rebuild(dsn: str) -> int:
    """Write the cells of all subjects anew from the ledger into credit.rebuilt_cells; return how many.

    A process for each core takes its part of the subjects, all of one moment; the table is whole once this returns. The
    worker's own cells stay as they are until somebody takes the new ones over, with the worker stopped.
    """
    with psycopg.connect(dsn) as conn:
        conn.execute("TRUNCATE credit.rebuilt_cells")
    parts = len(os.sched_getaffinity(0))
    with (
        snapshot(dsn) as conn,
        ProcessPoolExecutor(parts, get_context("spawn"), die_with_parent, (signal.SIGTERM,)) as processes,
    ):
        return sum(processes.map(partial(_rebuild, dsn, show(conn), parts), range(parts)))


def _rebuild(dsn: str, shown: str, parts: int, part: int) -> int:
    with snapshot(dsn, shown) as conn, psycopg.connect(dsn) as writing:
        return copy_cells(writing, rebuild_cells(accounts_of_part(conn, part, parts)))


def republish_records(dsn: str, event_log: EventLog, clock: Clock) -> tuple[int, int]:
    """Announce every published record again, and tombstones for what the topic of a log holds without a row.

    Returns how many of each. The messages leave by the outbox of the database, whatever the log is.
    """
    on_topic = keys_on_topic(event_log)
    with psycopg.connect(dsn) as conn:
        said = say_again(conn, clock.now())
        return said, say_gone(conn, on_topic, clock.now())
