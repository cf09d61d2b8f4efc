"""The sweeper: turns the day for all subjects, a chunk a transaction, and waits for the next midnight in Asia/Shanghai.

On a policy's first day it judges the policy's fuse over everybody, then re-rates everybody; once a fuse is lifted, it
re-rates those whose downgrade was held back.
"""

import threading
from collections.abc import Callable

import structlog
from psycopg.errors import DeadlockDetected, LockNotAvailable

from services.common.clock import Clock, china_day
from services.common.db.pool import Pool
from services.common.telemetry import health
from services.credit.adapters import population_reader
from services.credit.adapters.carry_store import PostgresCarrying
from services.credit.adapters.judging_store import PostgresJudging
from services.credit.adapters.policy_store import PostgresPolicies, refresh
from services.credit.adapters.postgres_ledger import PostgresLedger
from services.credit.application.carry_facts import CarryFacts
from services.credit.application.judge_fuse import judge_fuse
from services.credit.application.policies import Policies
from services.credit.application.spread_fraud import SpreadFraud
from services.credit.application.turn_day import TurnDay

#: How often the sweeper asks whether a day has turned; the question is one index look-up.
PERIOD_SECONDS = 1.0
_ALONE = "SELECT pg_try_advisory_xact_lock(hashtextextended('credit.policy_fuse', 0))"
_UNTURNED = "SELECT EXISTS (SELECT 1 FROM credit.subject WHERE known AND policy_version <> %s)"

log = structlog.get_logger()


class Sweeper:
    """Runs the day's sweep."""

    name = "sweeper"

    def __init__(self, pool: Pool, policies: Policies, clock: Clock) -> None:
        self._pool = pool
        self._policies = policies
        self._clock = clock
        self._turn_day = TurnDay(policies, clock)
        self._carry_facts = CarryFacts(policies, clock)
        self._turned_to = ""

    def run(self, stop: threading.Event) -> None:
        """Sweep until stopped."""
        with health.awaited(self.name):
            while not stop.is_set():
                swept = self.sweep_once()
                health.beat(self.name)
                if swept:
                    log.info("day_swept", subjects=swept)
                stop.wait(PERIOD_SECONDS)

    def sweep_once(self) -> int:
        """Sweep all that is due; returns how many subjects got a new revision."""
        self._refresh()
        self._judge()
        self._spread_frauds()
        self.carry()
        total = 0
        while swept := self._chunk(self._turn_day.execute):
            total += swept
        total += self._turn()
        while released := self._chunk(self._turn_day.release):
            total += released
        return total

    def _refresh(self) -> None:
        with self._pool.connection() as conn:
            refresh(conn, self._policies)

    def _judge(self) -> None:
        """Judge the fuse of a policy on its first day, once, over one moment of the ledger; until then it holds."""
        now = self._clock.now()
        policy = self._policies.needs_judging(china_day(now))
        former = self._policies.before(policy) if policy else None
        if policy is None or former is None:
            return
        with self._pool.connection() as conn:
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            row = conn.execute(_ALONE).fetchone()
            if row is None or not row[0]:
                return
            population = (chunk for _, chunk in population_reader.chunks(conn))
            fuse = judge_fuse(population, former, policy, china_day(now), now)
            PostgresPolicies(conn).keep_fuse(fuse)
        log.info("fuse_judged", version=fuse.version, downgraded=fuse.downgraded, rated=fuse.rated, blown=fuse.is_blown)
        self._refresh()

    def _spread_frauds(self) -> None:
        """Let cases that ended for fraud reach the other cases of their complainants."""
        spread = -1
        while spread:
            with self._pool.connection() as conn:
                store = PostgresJudging(conn, self._policies, self._clock)
                spread = SpreadFraud(store, self._clock).execute()
            health.beat(self.name)

    def carry(self) -> None:
        """Let what was before splits count for those that were split off, as far as anything changed."""
        is_more = True
        while is_more:
            try:
                with self._pool.connection() as conn:
                    is_more = self._carry_facts.execute(PostgresLedger(conn), PostgresCarrying(conn))
            except (DeadlockDetected, LockNotAvailable) as error:  # a worker has the locks: what is due stays due
                log.info("carrying_put_off", reason=type(error).__name__)
                return
            health.beat(self.name)

    def _turn(self) -> int:
        """Re-rate everybody who was rated before the present policy came into force; each process looks once."""
        current = self._policies.on(china_day(self._clock.now()))
        if self._turned_to == current.version or self._policies.before(current) is None:
            return 0
        total, last, turned = 0, 0, -1
        while turned:
            with self._pool.connection() as conn:
                turned, last = self._turn_day.turn_policy(PostgresLedger(conn), last)
            health.beat(self.name)
            total += turned
        with self._pool.connection() as conn:
            row = conn.execute(_UNTURNED, [current.version]).fetchone()
        if row is not None and not row[0]:
            self._turned_to = current.version
        return total

    def _chunk(self, step: Callable[[PostgresLedger], int]) -> int:
        health.beat(self.name)  # a day or a policy may take longer to turn than a part may be silent
        with self._pool.connection() as conn:
            return step(PostgresLedger(conn))
