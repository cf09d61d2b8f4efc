"""The credit worker: what the micro-batch loop calls inside its transaction."""

from collections.abc import Sequence

from psycopg import Connection

from services.common.clock import Clock, china_day
from services.common.eventlog.batch import DeadLetter
from services.common.eventlog.port import Record
from services.common.eventlog.topics import COMPLAINT, ENTERPRISE, VIOLATION, VOLUME
from services.credit.adapters.case_vault import CaseVault
from services.credit.adapters.policy_store import refresh
from services.credit.adapters.postgres_ledger import PostgresLedger
from services.credit.application.apply_events import ApplyEvents
from services.credit.application.policies import Policies
from services.credit.consumers.decode import Decoder

TOPICS = (ENTERPRISE, COMPLAINT, VIOLATION, VOLUME)


class CreditHandler:
    """Decodes records, applies them to the ledger, and returns the dead letters."""

    def __init__(
        self, decoder: Decoder, apply: ApplyEvents, policies: Policies, vault: CaseVault, clock: Clock
    ) -> None:
        self._decoder = decoder
        self._apply = apply
        self._policies = policies
        self._vault = vault
        self._clock = clock

    def __call__(self, conn: Connection, records: Sequence[Record]) -> Sequence[DeadLetter]:
        """Apply one micro-batch in the given transaction."""
        now = self._clock.now()
        refresh(conn, self._policies)
        self._decoder.hold_over(self._policies.on(china_day(now)))
        told, undecodable = self._decoder.decode_all(records, china_day(now))
        reused = self._apply.execute(PostgresLedger(conn, self._vault), told, undecodable, now)
        dead = sorted([*undecodable, *reused])
        return [DeadLetter(records[u.ordinal], u.reason, u.description) for u in dead]
