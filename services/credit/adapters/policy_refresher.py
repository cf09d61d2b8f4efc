"""Keeps the policies of a serving process fresh: what was activated is known long before its first day."""

import threading

import psycopg
import structlog

from services.common.db.pool import Pool
from services.common.logs import told
from services.credit.adapters.policy_store import refresh
from services.credit.application.policies import Policies

#: A policy is activated at least an hour ahead (policy_life.LEAD), and a lifted fuse is seen by readers so much later.
PERIOD_SECONDS = 5.0

log = structlog.get_logger()


class PolicyRefresher:
    """Reads what is in force, at once and then every few seconds on a thread of its own, until closed."""

    def __init__(self, pool: Pool, policies: Policies) -> None:
        self._pool = pool
        self._policies = policies
        self._stop = threading.Event()
        self._refresh()
        self._thread = threading.Thread(target=self._run, name="policy-refresher", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(PERIOD_SECONDS):
            try:
                self._refresh()
            except psycopg.Error as error:
                log.warning("policies_not_refreshed", error=told(error))

    def _refresh(self) -> None:
        with self._pool.connection() as conn:
            refresh(conn, self._policies)
