"""Sweeps: proposes what triggers find, ends what is over or lost its basis, reminds; one transaction an enterprise."""

import threading

import structlog
from psycopg import Connection

from services.common.clock import Clock, china_day
from services.common.db.pool import Pool
from services.common.telemetry import health, metrics, names
from services.credit.adapters.punishment.postgres_store import PostgresPunishment, TellRecord
from services.credit.adapters.punishment.triggers import PostgresProposals, candidates
from services.credit.adapters.punishment.verify import verify
from services.credit.application.punishment.propose_found import propose_found
from services.credit.application.punishment.sweep import end_over, lift_baseless, remind
from services.credit.domain.punishment.law import Law

PERIOD_SECONDS = 1.0
CHUNK = 200
#: How often the whole invariant is checked; it alarms.
VERIFY_SECONDS = 3600.0
#: How often the facts are looked through for triggers that are met.
PROPOSE_SECONDS = 60.0

log = structlog.get_logger()


class PunishmentSweeper:
    """Runs the sweep of joint punishment."""

    name = "punishment-sweeper"

    def __init__(self, pool: Pool, law: Law, tell: TellRecord, clock: Clock) -> None:
        self._pool = pool
        self._tell = tell
        self._law = law
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Sweep until stopped, and check the invariant from time to time."""
        seconds = 0.0
        with health.awaited(self.name):
            while not stop.is_set():
                self.sweep_once()
                if seconds % PROPOSE_SECONDS == 0:
                    self.propose_once()
                if seconds % VERIFY_SECONDS == 0:
                    self._alarm()
                health.beat(self.name)
                stop.wait(PERIOD_SECONDS)
                seconds += PERIOD_SECONDS

    def propose_once(self) -> int:
        """Propose what triggers find, one transaction an enterprise; returns how many listings were proposed."""
        proposed, now = 0, self._clock.now()
        for _, _, watch in self._law.watches(china_day(now)):
            after, found = "", [""]
            while found:
                with self._pool.connection() as conn:
                    found = candidates(conn, watch, china_day(now), after, CHUNK)
                for after in found:
                    with self._pool.connection() as conn:
                        store = PostgresProposals(conn, self._law, self._tell)
                        proposed += propose_found(store, self._law, after, self._clock.now())
        if proposed:
            log.info("listings_proposed", listings=proposed)
        return proposed

    def sweep_once(self) -> int:
        """Sweep all that is due; returns how many listings and orders moved."""
        ended, lifted, reminded = self._end(), self._lift(), self._remind()
        if ended or lifted or reminded:
            log.info("punishment_swept", ended=ended, lifted=lifted, reminded=reminded)
        return ended + lifted + reminded

    def _end(self) -> int:
        total, day = 0, china_day(self._clock.now())
        lists = self._law.lists_without_basis(day)
        while True:
            with self._pool.connection() as conn:
                over = self._store(conn).over(lists, day, CHUNK)
            for listing_id in over:
                with self._pool.connection() as conn:
                    total += end_over(self._store(conn), self._law, listing_id, self._clock.now())
            if len(over) < CHUNK:
                return total
            log.info("punishment_sweep_goes_on", ended=total, listing_id=over[-1])

    def _lift(self) -> int:
        total = 0
        while True:
            with self._pool.connection() as conn:
                listings = self._store(conn).baseless(china_day(self._clock.now()), CHUNK)
            for listing_id in listings:
                with self._pool.connection() as conn:
                    total += lift_baseless(self._store(conn), self._law, listing_id, self._clock.now())
            if len(listings) < CHUNK:
                return total
            log.info("punishment_sweep_goes_on", lifted=total, listing_id=listings[-1])

    def _remind(self) -> int:
        total = 0
        while True:
            with self._pool.connection() as conn:
                reminded = remind(self._store(conn), self._law, self._clock.now(), CHUNK)
            total += reminded
            if reminded < CHUNK:
                return total

    def _store(self, conn: Connection) -> PostgresPunishment:
        return PostgresPunishment(conn, self._law, self._tell)

    def _alarm(self) -> None:
        with self._pool.connection() as conn:
            faults = verify(conn, self._law, self._clock.now()).faults
        metrics.put(names.PUNISHMENT_FAULTS, len(faults))
        for fault in faults:
            log.error("punishment_invariant_broken", fault=fault)
