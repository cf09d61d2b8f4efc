"""A split that the registry tells of stands on the record, in the past from its day on, and nowhere else."""

from datetime import date

from merchantcredit.credit.v1.record_pb2 import PublicRecord

from services.common.clock import FixedClock
from services.common.db.pool import open_pool
from services.credit.adapters.past_reader import PostgresPast
from services.credit.adapters.policy_files import load_policies
from services.credit.adapters.verify_store import RecordEncoder
from services.credit.application.read_past import Question, ReadPast
from services.credit.config import POLICY_FOLDER
from services.credit.offline import VerifyScores
from tests.integration.credit.world import CODE, NOW, OTHER, World, enterprise, told, world

DAY = "2026-06-10"


def past_split(credit: World, as_of: date) -> tuple[str, str]:
    """Return whom the record of a day, as known now, says the enterprise was split from, and when."""
    pool = open_pool(credit.dsn)
    read = ReadPast(PostgresPast(pool), RecordEncoder(), load_policies(POLICY_FOLDER), credit.clock)
    question = Question(code=CODE, as_of=as_of, known_at=credit.clock.moment, purpose="proof")
    record = PublicRecord.FromString(read.compute(question, 2).record)
    pool.close()
    return record.split_from, record.split_on


def record_of(credit: World) -> PublicRecord:
    record = credit.record(CODE)
    assert record is not None
    return record


def test_the_record_names_the_enterprise_that_it_was_split_from(dsn: str) -> None:
    with world(dsn, clock=FixedClock(NOW)) as credit:
        credit.tell(told(enterprise(), "r1"), told(enterprise(OTHER), "o1"))
        before = record_of(credit)
        credit.tell(told(enterprise(revision=2, split_from=OTHER, split_on=DAY), "r2"))
        split, origin = record_of(credit), credit.record(OTHER)
        assert (split.split_from, split.split_on) == (OTHER, DAY)
        assert split.score_millipoints == before.score_millipoints
        assert origin is not None
        assert origin.split_from == ""
        assert list(VerifyScores(credit.dsn).differences()) == []
        assert past_split(credit, date(2026, 6, 9)) == ("", "")
        assert past_split(credit, date(2026, 6, 10)) == (OTHER, DAY)


def test_a_split_that_is_undone_leaves_the_record_as_it_was(dsn: str) -> None:
    with world(dsn, clock=FixedClock(NOW)) as credit:
        credit.tell(told(enterprise(), "r1"))
        before = record_of(credit)
        credit.tell(told(enterprise(revision=2, split_from=OTHER, split_on=DAY), "r2"))
        credit.tell(told(enterprise(revision=3), "r3"))
        after = record_of(credit)
        after.revision = before.revision
        assert after.SerializeToString(deterministic=True) == before.SerializeToString(deterministic=True)
