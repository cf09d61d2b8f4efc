"""The sweeper: turns the day for all subjects, a chunk a transaction, and waits for the next midnight in Asia/Shanghai."""

import threading

import structlog

from services.common.clock import Clock
from services.common.db.pool import Pool
from services.credit.adapters.postgres_ledger import PostgresLedger
from services.credit.application.policies import Policies
from services.credit.application.turn_day import TurnDay

#: How often the sweeper asks whether a day has turned; the question is one index look-up.
PERIOD_SECONDS = 1.0

log = structlog.get_logger()


class Sweeper:
    """Runs the day's sweep."""

    name = "sweeper"

    def __init__(self, pool: Pool, policies: Policies, clock: Clock) -> None:
        self._pool = pool
        self._policies = policies
        self._turn_day = TurnDay(policies, clock)

    def run(self, stop: threading.Event) -> None:
        """Sweep until stopped."""
        while not stop.is_set():
            swept = self.sweep_once()
            if swept:
                log.info("day_swept", subjects=swept)
            stop.wait(PERIOD_SECONDS)

    def sweep_once(self) -> int:
        """Sweep all that is due; returns how many subjects got a new revision."""
        total = 0
        while True:
            with self._pool.connection() as conn:
                swept = self._turn_day.execute(PostgresLedger(conn, self._policies))
            total += swept
            if not swept:
                return total
