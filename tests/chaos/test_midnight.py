"""The day turns under load: events stream in, readers ask without pause, and the clock is moved over midnight in China."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from merchantcredit.credit.v1 import credit_service_pb2 as pb
from merchantcredit.credit.v1 import credit_service_pb2_grpc as rpc
from merchantcredit.credit.v1.record_pb2 import PublicRecord

from services.common.auth.actor import Role
from services.common.clock import FixedClock
from services.common.eventlog.port import Message
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import RECORD
from services.common.lifecycle import run_loops
from services.credit.bootstrap import serving
from services.credit.config import CreditConfig
from tests.benchmarks.workload import codes
from tests.integration.credit.world import KEY, World, complaint, enterprise, told, violation, world
from tests.integration.grpc_fixtures import Served, serve

BEFORE = datetime(2026, 8, 19, 15, 59, tzinfo=UTC)
MIDNIGHT = datetime(2026, 8, 19, 16, 0, tzinfo=UTC)
TODAY, TOMORROW = "2026-08-19", "2026-08-20"
#: Decided on this day, a minor penalty is published, and a warning kept, for three months: until the day that comes.
DECIDED = "2026-05-20"
FIRMS = codes(40)


async def test_no_read_shows_what_ended_and_the_sweep_writes_once(dsn: str, tmp_path: Path) -> None:
    clock = FixedClock(BEFORE)
    with world(dsn, clock=clock) as credit:
        credit.tell(*(one for number, code in enumerate(FIRMS) for one in _story(number, code)))
        config = CreditConfig(dsn=dsn, complainant_key=KEY)
        async with serve(tmp_path, lambda: [serving(config, clock)]) as served:
            with _loaded(credit):
                await _read(served, lambda seen: all(seen.values()))
                clock.moment = MIDNIGHT
                for _ in range(20):
                    await _read(served, lambda seen: not any(seen.values()))
                await asyncio.to_thread(_until_swept, credit)
    _check(credit)


def _story(number: int, code: str) -> list[Message]:
    return [
        told(enterprise(code, name=f"贵州第{number}号商行"), f"e{number}"),
        told(violation(f"minor{number}", code, severity=1, decided_on=DECIDED), f"m{number}"),
        told(
            violation(f"warning{number}", code, severity=1, penalty_kind=1, fine_fen=0, decided_on=DECIDED),
            f"w{number}",
        ),
    ]


@contextmanager
def _loaded(credit: World) -> Iterator[None]:
    """Work, sequence and sweep in threads while complaints about half of the firms stream in; the others see only the day."""
    stop = threading.Event()
    loops = [credit.batch, Sequencer(credit.dsn), credit.sweeper, _Stream(credit)]
    running = threading.Thread(target=run_loops, args=(loops, stop))
    running.start()
    try:
        yield
    finally:
        stop.set()
        running.join()


class _Stream:
    name = "stream"

    def __init__(self, credit: World) -> None:
        self._credit = credit

    def run(self, stop: threading.Event) -> None:
        number = 0
        while not stop.wait(0.01):
            number += 1
            code = FIRMS[number % (len(FIRMS) // 2)]
            self._credit.log.publish([told(complaint(f"c{number}", code), f"c{number}")])


async def _read(served: Served, holds: Callable[[dict[str, bool]], bool]) -> None:
    """Ask every read of every firm once; `holds` judges which showed the penalty that ends."""
    credit = rpc.CreditServiceStub(served.channel)
    office = served.token(Role.OFFICE)
    for number, code in enumerate(FIRMS):
        record = (await credit.GetCreditRecord(pb.GetCreditRecordRequest(credit_code=code))).record
        explained = await credit.ExplainScore(pb.ExplainScoreRequest(credit_code=code))
        restricted = await credit.GetRestrictedRecord(pb.GetRestrictedRecordRequest(credit_code=code), metadata=office)
        evidence = await credit.ListEvidence(
            pb.ListEvidenceRequest(credit_code=code, rule_id="penalty.minor"), metadata=office
        )
        ended = f"penalty:{code}:minor{number}"
        seen = {
            "record": any(fact.fact_id == ended for fact in record.facts),
            "record's lines": any(ended in line.evidence_ids for line in record.contributions),
            "explanation": any(ended in line.evidence_ids for line in explained.contributions),
            "restricted record": restricted.record.unpublished_penalty_count > 0,
            "evidence": len(evidence.evidence) > 0,
        }
        assert holds(seen), (code, seen)


def _until_swept(credit: World) -> None:
    done = threading.Event()
    while not done.wait(0.02):
        if credit.rows("SELECT 1 FROM credit.public_record WHERE good_until <= %s LIMIT 1", TOMORROW) == []:
            done.set()


def _check(credit: World) -> None:
    """Of each firm, revisions rise without a repeat, days never fall, and the day was turned once."""
    rows = credit.rows("SELECT payload FROM eventlog.message WHERE topic = %s ORDER BY id", RECORD)
    records = [PublicRecord.FromString(payload) for (payload,) in rows]
    for code in FIRMS:
        mine = [r for r in records if r.credit_code == code]
        assert [r.revision for r in mine] == sorted({r.revision for r in mine})
        assert [r.day for r in mine] == sorted(r.day for r in mine)
        assert not any(f.kind == "penalty" for r in mine if r.day == TOMORROW for f in r.facts)
    quiet = [[r for r in records if r.credit_code == code] for code in FIRMS[len(FIRMS) // 2 :]]
    assert all([r.day for r in mine].count(TOMORROW) == 1 for mine in quiet)
