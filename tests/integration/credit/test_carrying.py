"""A split carries what was before its day.

It counts for the new enterprise as if it had been told of it, follows its original in everything, goes back when the split is undone.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import psycopg
import pytest
from merchantcredit.credit.v1.record_pb2 import PublicRecord

from services.common.clock import FixedClock
from services.common.db.migrate import migrate
from services.common.db.pool import open_pool
from services.common.eventlog.port import Message
from services.common.kernel.credit_code import check_character
from services.credit.adapters.case_reader import CaseReader
from services.credit.adapters.evidence import EvidenceReader
from services.credit.adapters.past_reader import PostgresPast
from services.credit.adapters.policy_files import load_policies
from services.credit.adapters.published_penalties import PublishedPenalties
from services.credit.adapters.verify_store import RecordEncoder
from services.credit.application import carry_facts
from services.credit.application.read_past import Question, ReadPast
from services.credit.config import POLICY_FOLDER
from services.credit.consumers.sweeper import Sweeper
from services.credit.offline import VerifyScores, mend_scores
from tests.integration.credit.world import (
    CODE,
    NOW,
    OTHER,
    World,
    complaint,
    enterprise,
    told,
    twin,
    violation,
    volume,
    world,
)

THIRD = "91330100799655058B"
FOURTH = "91520102MA6E4N9Q" + "0"
FOURTH += check_character(FOURTH)
DAY = "2026-05-25"


@pytest.fixture
def credit(dsn: str) -> Iterator[World]:
    """Return a world in which three enterprises are registered, the first of them new."""
    with world(dsn, clock=FixedClock(NOW)) as made:
        made.tell(*(told(enterprise(code), f"r{code}") for code in (CODE, OTHER, THIRD)))
        yield made


def facts(code: str) -> Sequence[Message]:
    """Return facts of an enterprise: before the day of the split, and on and after it."""
    return (
        *(told(complaint(f"c{n}", code, received_on=f"2026-0{n % 4 + 1}-11"), f"c{n}") for n in range(24)),
        *(
            told(complaint(f"s{n}", code, received_on=f"2026-0{n + 2}-20", complainant_pseudonym="she"), f"s{n}")
            for n in range(3)
        ),
        told(violation("v1", code), "v1"),
        told(volume("2026-04", 900, code), "o1", source="//platform.p1"),
    )


def after(code: str) -> Sequence[Message]:
    return (
        told(complaint("late", code, received_on=DAY), "late"),
        told(violation("v2", code, decided_on="2026-06-02"), "v2"),
        told(volume("2026-06", 100, code), "o2", source="//platform.p1"),
    )


def split(credit: World, heir: str = CODE, origin: str = OTHER, day: str = DAY, revision: int = 2) -> None:
    tell(credit, told(enterprise(heir, revision=revision, split_from=origin, split_on=day), f"split{heir}{revision}"))


def tell(credit: World, *messages: Message) -> None:
    """Let the worker apply messages, and the sweeper carry what follows."""
    credit.tell(*messages)
    credit.sweeper.carry()


def bare(record: PublicRecord | None) -> bytes:
    """Return what a record says of a score, whoever's and whichever revision it is."""
    assert record is not None
    lines = [(line.rule_id, line.amount_millipoints, line.fact_count, line.until) for line in record.contributions]
    shown = sorted((fact.kind, fact.occurred_on, fact.until, fact.summary_zh) for fact in record.facts)
    return repr((record.score_millipoints, record.grade, record.good_until, lines, shown)).encode()


def assert_proven(credit: World) -> None:
    assert list(VerifyScores(credit.dsn).differences()) == []


def test_what_was_before_the_day_counts_as_if_it_had_been_told_of_the_new_one(credit: World, dsn: str) -> None:
    tell(credit, *facts(OTHER), *after(OTHER))
    before = bare(credit.record(OTHER))
    split(credit)
    with twin(dsn, NOW) as other:
        other.tell(told(enterprise(), "r"), *facts(CODE))
        assert bare(credit.record()) == bare(other.record())
    assert bare(credit.record(OTHER)) == before
    assert list(credit.record(OTHER).split_into) == [CODE]  # type: ignore[union-attr]
    assert_proven(credit)


def test_it_does_not_matter_what_is_told_first(credit: World, dsn: str) -> None:
    tell(credit, *facts(OTHER))
    split(credit)
    with twin(dsn, NOW) as other:
        other.tell(told(enterprise(revision=2, split_from=OTHER, split_on=DAY), "r"), told(enterprise(OTHER), "q"))
        for message in reversed(facts(OTHER)):
            tell(other, message)
        assert bare(credit.record()) == bare(other.record())
        assert_proven(other)


def test_what_happens_to_the_original_happens_to_what_is_carried(credit: World) -> None:
    tell(credit, *facts(OTHER))
    bare_heir = bare(credit.record())
    split(credit)
    tell(credit, told(violation("v1", OTHER, state=2), "revoked"))
    assert not [fact for fact in credit.record().facts if fact.kind == "penalty"]  # type: ignore[union-attr]
    later = NOW + timedelta(minutes=1)
    tell(credit, told(complaint("s2", THIRD, received_on="2026-04-20"), "t2", at=later))
    assert sum(fact.kind == "complaint" for fact in credit.record().facts) == 20  # type: ignore[union-attr]
    assert_proven(credit)
    tell(
        credit,
        *(told(complaint(f"c{n}", THIRD, received_on=f"2026-0{n % 4 + 1}-11"), f"m{n}", at=later) for n in range(24)),
    )
    tell(
        credit, *(told(complaint(f"s{n}", THIRD, received_on=f"2026-0{n + 2}-20"), f"t{n}", at=later) for n in range(2))
    )
    tell(credit, told(volume("2026-04", 0, OTHER), "o1b", source="//platform.p1", at=later))
    assert bare(credit.record()) == bare_heir
    assert_proven(credit)


def test_a_split_that_is_undone_gives_everything_back_and_one_that_is_said_again_takes_it_anew(credit: World) -> None:
    tell(credit, *facts(OTHER))
    heir, origin = credit.record(), credit.record(OTHER)
    split(credit)
    carried = bare(credit.record())
    tell(credit, told(enterprise(revision=3), "undone"))
    for code, before in ((CODE, heir), (OTHER, origin)):
        now = credit.record(code)
        assert now is not None
        assert before is not None
        now.revision = before.revision
        assert now.SerializeToString(deterministic=True) == before.SerializeToString(deterministic=True)
    split(credit, revision=4)
    assert bare(credit.record()) == carried
    assert_proven(credit)


def test_another_day_carries_more_or_less(credit: World) -> None:
    tell(credit, *facts(OTHER), *after(OTHER))
    split(credit, day="2026-05-26")
    assert "complaint:late" in " ".join(fact.fact_id for fact in credit.record().facts).replace("//12315.test:", "")  # type: ignore[union-attr]
    split(credit, day="2026-01-01", revision=3)
    assert not credit.record().facts  # type: ignore[union-attr]
    assert_proven(credit)


def test_what_is_told_late_goes_over_a_split_a_merger_and_a_split_again(credit: World) -> None:
    tell(credit, told(enterprise(FOURTH), f"r{FOURTH}"))
    split(credit, THIRD, FOURTH)
    tell(
        credit,
        told(
            enterprise(THIRD, revision=3, split_from=FOURTH, split_on=DAY, merged_into=OTHER, merged_on=DAY), "merged"
        ),
    )
    split(credit, CODE, OTHER)
    tell(credit, told(violation("v1", FOURTH), "v1"))
    for code in (CODE, OTHER):
        assert [fact.fact_id.rpartition(":")[2] for fact in credit.record(code).facts] == ["v1"]  # type: ignore[union-attr]
    assert_proven(credit)


def test_however_much_is_carried_a_transaction_takes_a_part(
    credit: World, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carry_facts, "MOST", 10)
    tell(credit, *facts(OTHER))
    split(credit)
    revisions = credit.rows("SELECT count(*) FROM credit.record_revision WHERE code = %s", CODE)
    with twin(dsn, NOW) as other:
        other.tell(told(enterprise(), "r"), *facts(CODE))
        assert bare(credit.record()) == bare(other.record())
    assert revisions == [(2 + 3,)]
    assert credit.rows("SELECT count(*) FROM credit.carry_due") == [(0,)]


def test_one_complainant_counts_once_over_what_is_carried_and_what_is_told_later(credit: World, dsn: str) -> None:
    own = [
        told(complaint(f"x{n}", CODE, received_on="2026-05-28", complainant_pseudonym="she"), f"x{n}") for n in range(3)
    ]
    tell(credit, *facts(OTHER), *own)
    split(credit)
    with twin(dsn, NOW) as other:
        other.tell(told(enterprise(), "r"), *facts(CODE), *own)
        assert bare(credit.record()) == bare(other.record())


def test_what_is_carried_is_no_case_and_no_decision_of_its_own(credit: World) -> None:
    tell(credit, *facts(OTHER))
    split(credit)
    pool = open_pool(credit.dsn)
    reader = CaseReader(pool)
    assert [case.body.code for case in reader.received(date(2026, 1, 1), date(2026, 7, 1), code="")] == [OTHER] * 27
    assert reader.after("", code=CODE, limit=100) == []
    penalties, _ = PublishedPenalties(pool, credit.clock).page("", 100)
    assert [one.penalty.credit_code for one in penalties] == [OTHER]
    shown = EvidenceReader(pool, load_policies(POLICY_FOLDER), credit.clock).page(CODE, "penalty.ordinary", None, 10)
    assert [(row.fact_id, row.source) for row in shown] == [(f"carried:{CODE}:penalty:{OTHER}:v1", "//12315.test")]
    announced = credit.rows("SELECT payload FROM eventlog.message WHERE topic LIKE %s", "%case-change%")
    pool.close()
    assert announced
    assert not [row for row in announced if b"carried:" in row[0]]


def test_a_day_before_the_split_carries_nothing(credit: World) -> None:
    tell(credit, *facts(OTHER), told(violation("own", CODE, decided_on="2026-03-03"), "own"))
    split(credit)
    pool = open_pool(credit.dsn)
    read = ReadPast(PostgresPast(pool), RecordEncoder(), load_policies(POLICY_FOLDER), credit.clock)

    def past(code: str, day: date) -> PublicRecord:
        question = Question(code=code, as_of=day, known_at=credit.clock.moment, purpose="proof")
        return PublicRecord.FromString(read.compute(question, 2).record)

    assert [fact.fact_id for fact in past(CODE, date(2026, 5, 24)).facts] == [f"penalty:{CODE}:own"]
    assert len(past(CODE, date(2026, 5, 25)).facts) == 22
    assert list(past(OTHER, date(2026, 5, 24)).split_into) == []
    assert list(past(OTHER, date(2026, 5, 25)).split_into) == [CODE]
    pool.close()


def test_carrying_is_put_off_while_a_worker_holds_the_enterprise(credit: World) -> None:
    tell(credit, *facts(OTHER))
    credit.tell(told(enterprise(revision=2, split_from=OTHER, split_on=DAY), "split"))
    pool = open_pool(credit.dsn, options="-c lock_timeout=50ms")
    impatient = Sweeper(pool, load_policies(POLICY_FOLDER), credit.clock)
    with psycopg.connect(credit.dsn) as worker:
        worker.execute("SELECT FROM credit.subject WHERE code = %s FOR UPDATE", [CODE])
        impatient.carry()
        assert not credit.record().facts  # type: ignore[union-attr]
    impatient.carry()
    pool.close()
    assert credit.record().facts  # type: ignore[union-attr]
    assert_proven(credit)


def test_verify_names_what_is_not_carried_and_mends_it(credit: World) -> None:
    tell(credit, *facts(OTHER))
    split(credit)
    carried = f"carried:{CODE}:penalty:{OTHER}:v1"
    with psycopg.connect(credit.dsn) as conn:
        conn.execute("DELETE FROM credit.assertion WHERE fact_id = %s", [carried])
        conn.execute("UPDATE credit.subject SET heirs = '' WHERE code = %s", [OTHER])
    found = list(VerifyScores(credit.dsn).differences())
    assert (CODE, f"carried fact {carried}") in {(one.code, one.what) for one in found}
    assert (OTHER, "subject.heirs") in {(one.code, one.what) for one in found}
    mend_scores(credit.dsn, found, credit.clock)
    assert_proven(credit)


def test_a_split_that_was_told_before_splits_carried_anything_carries_after_the_migration(dsn: str) -> None:
    with world(dsn, clock=FixedClock(NOW)) as credit:
        credit.tell(*(told(enterprise(code), f"r{code}") for code in (CODE, OTHER)), *facts(OTHER))
        credit.tell(told(enterprise(revision=2, split_from=OTHER, split_on=DAY), "split"))
    with psycopg.connect(dsn) as conn:
        conn.execute("DROP TABLE credit.carry_due, credit.split_told")
        conn.execute("DROP INDEX credit.merge_told_member")
        conn.execute("ALTER TABLE credit.subject DROP COLUMN heirs")
        conn.execute("UPDATE alembic_version SET version_num = 'credit_0011' WHERE version_num = 'credit_0012'")
    migrate(dsn)
    with world(dsn, clock=FixedClock(NOW)) as credit:
        credit.sweeper.carry()
        assert credit.record().facts  # type: ignore[union-attr]
        tell(credit, told(enterprise(OTHER, revision=2), "again"))
        assert list(credit.record(OTHER).split_into) == [CODE]  # type: ignore[union-attr]
        assert_proven(credit)
