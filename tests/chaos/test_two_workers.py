"""Two workers that meet at the same fact or the same midnight: one waits, and what it then writes is still right."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from merchantcredit.credit.v1.record_pb2 import PublicRecord
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from services.common.clock import FixedClock
from services.common.eventlog.port import Message, Record
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import RECORD
from services.credit.adapters.policy_files import load_policies
from services.credit.adapters.postgres_ledger import PostgresLedger
from services.credit.application.turn_day import TurnDay
from services.credit.config import POLICY_FOLDER
from tests.integration.credit.world import CODE, NOW, OTHER, World, complaint, enterprise, told, violation, world

BEFORE_MIDNIGHT = datetime(2026, 8, 19, 15, 59, tzinfo=UTC)
MIDNIGHT = datetime(2026, 8, 19, 16, 0, tzinfo=UTC)
PUBLISHED = "SELECT payload FROM eventlog.message WHERE topic = %s ORDER BY id"


@pytest.fixture
def credit(dsn: str) -> Iterator[World]:
    with world(dsn) as made:
        yield made


def is_anybody_blocked(credit: World) -> bool:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(credit.rows(waiting))


def until_blocked(credit: World) -> None:
    Retrying(retry=retry_if_result(lambda blocked: not blocked), wait=wait_fixed(0.01), stop=stop_after_delay(20))(
        is_anybody_blocked, credit
    )


def held_back(credit: World, message: Message) -> tuple[threading.Thread, threading.Event]:
    """Apply a message in a worker of its own that stops just before it commits; returns it and what lets it go on."""
    go = threading.Event()
    reached = threading.Event()
    batch = credit.batch

    def run() -> None:
        record = Record(message.topic, 0, 0, message.key, message.headers, message.value)
        with batch.pool.connection() as conn:
            batch.handler(conn, [record])
            reached.set()
            go.wait(30)

    thread = threading.Thread(target=run)
    thread.start()
    assert reached.wait(30)
    return thread, go


def meet(credit: World, first: Message, second: Message) -> None:
    """Let a worker apply `second` while another one has applied `first` and not yet committed."""
    credit.log.publish([second])
    Sequencer(credit.dsn).sequence_once()
    thread, go = held_back(credit, first)
    draining = threading.Thread(target=credit.drain)
    draining.start()
    until_blocked(credit)
    go.set()
    thread.join()
    draining.join()
    credit.drain()  # a superseded batch is read again at the next step


def state(credit: World) -> list[tuple[object, ...]]:
    return credit.rows("SELECT code, seq, cells, detail, grade FROM credit.subject ORDER BY code")


@pytest.mark.parametrize("code", [CODE, OTHER], ids=["same subject", "another subject"])
def test_two_accounts_of_a_new_fact_at_once_make_one_fact(
    credit: World, code: str, fresh_dsn: Callable[[str], str]
) -> None:
    start = [told(enterprise(), "e1"), told(enterprise(OTHER), "e2")]
    first = told(complaint("c1"), "c1", at=NOW - timedelta(minutes=1))
    second = told(complaint("c1", code=code, status=4), "c2")
    with world(fresh_dsn(f"alone_{code.lower()}")) as alone:
        alone.tell(*start)
        alone.tell(first)
        alone.tell(second)
        wanted = state(alone)
    credit.tell(*start)
    meet(credit, first, second)
    assert state(credit) == wanted


def test_a_batch_that_waits_over_midnight_is_rated_for_the_new_day(dsn: str) -> None:
    clock = FixedClock(BEFORE_MIDNIGHT)
    policies = load_policies(POLICY_FOLDER)
    with world(dsn, clock=clock) as credit:
        credit.tell(told(enterprise(), "e1"), told(violation("v1", severity=1, decided_on="2026-05-20"), "v1"))
        credit.log.publish([told(complaint("c1"), "c1")])
        Sequencer(dsn).sequence_once()
        with credit.batch.pool.connection() as sweeping:
            assert TurnDay(policies, FixedClock(MIDNIGHT)).execute(PostgresLedger(sweeping)) == 1
            draining = threading.Thread(target=credit.drain)
            draining.start()
            until_blocked(credit)
            clock.moment = MIDNIGHT
        draining.join()
        assert credit.sweeper.sweep_once() == 0
        records = [PublicRecord.FromString(row[0]) for row in credit.rows(PUBLISHED, RECORD)]
    assert [(r.revision, r.day) for r in records] == [(2, "2026-08-19"), (3, "2026-08-20"), (4, "2026-08-20")]
