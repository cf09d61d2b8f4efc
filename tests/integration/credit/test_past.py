"""The past on two clocks: published revisions byte for byte, other pairs computed from what was known then."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from merchantcredit.credit.v1.record_pb2 import PublicRecord

from services.common.auth.actor import Actor, Role
from services.common.clock import china_day
from services.common.db.pool import open_pool
from services.common.errors import InvalidInput, NotFound, PreconditionFailed
from services.credit.adapters.past_reader import PostgresPast
from services.credit.adapters.policy_files import load_policies
from services.credit.adapters.verify_store import RecordEncoder
from services.credit.application.read_past import Past, Question, ReadPast
from services.credit.config import POLICY_FOLDER
from tests.integration.credit.world import (
    CODE,
    NOW,
    OTHER,
    World,
    complaint,
    enterprise,
    told,
    violation,
    volume,
    world,
)

pytestmark = pytest.mark.both_majors

AUDITOR = Actor(subject="auditor", office="520000", roles=frozenset({Role.REGULATOR}))


class History:
    """A merchant's life over some weeks, and every record that was published of it with the moment."""

    def __init__(self, credit: World) -> None:
        self.credit = credit
        self.published: list[tuple[datetime, bytes]] = []
        self.pool = open_pool(credit.dsn)
        self.read = ReadPast(PostgresPast(self.pool), RecordEncoder(), load_policies(POLICY_FOLDER), credit.clock)

    def step(self, days: int, *messages: Any) -> None:
        self.credit.clock.moment += timedelta(days=days)
        self.credit.sweeper.sweep_once()
        if messages:
            self.credit.tell(*messages)
        ((record,),) = self.credit.rows("SELECT record FROM credit.public_record WHERE code = %s", CODE)
        self.published.append((self.credit.clock.moment, bytes(record)))

    def ask(self, as_of: date, known_at: datetime, code: str = CODE, purpose: str = "case 7") -> Past:
        return self.read.execute(AUDITOR, Question(code=code, as_of=as_of, known_at=known_at, purpose=purpose))


@pytest.fixture
def history(dsn: str) -> Iterator[History]:
    with world(dsn) as credit:
        made = History(credit)
        made.step(0, told(enterprise(), "e1"), told(enterprise(OTHER), "e2"), told(volume("2026-05", 9000), "o1"))
        made.step(2, *(told(complaint(f"c{n}"), f"c{n}") for n in range(3)))
        made.step(5, told(complaint("c1", code=OTHER), "c1-moved", at=NOW + timedelta(days=7)))
        made.step(1, told(violation("v1"), "v1"))
        made.step(40, told(complaint("c2", status=4, status_on="2026-07-20"), "c2-agreed", at=NOW + timedelta(days=48)))
        yield made
        made.pool.close()


def test_what_was_published_is_given_byte_for_byte(history: History) -> None:
    for moment, record in history.published:
        found = history.ask(china_day(moment), moment)
        assert found.is_published
        assert found.record == record


def test_what_is_computed_of_a_published_day_is_what_was_published(history: History) -> None:
    for moment, record in history.published:
        published = PublicRecord.FromString(record)
        question = Question(code=CODE, as_of=china_day(moment), known_at=moment, purpose="proof")
        computed = history.read.compute(question, published.revision)
        assert not computed.is_published
        assert computed.record == record


def test_a_day_of_the_past_as_it_is_known_now_leaves_out_what_came_after(history: History) -> None:
    first_day, now = china_day(history.published[0][0]), history.credit.clock.moment
    found = history.ask(first_day, now)
    record = PublicRecord.FromString(found.record)
    assert not found.is_published
    # Known now: the penalty of May and two cases of June; c1 is another shop's, and c2's agreement came in July only.
    facts = {fact.fact_id.rsplit(":", 1)[1]: fact.summary_en for fact in record.facts}
    assert sorted(facts) == ["c0", "c2", "v1"]
    assert "ended without agreement" in facts["c2"]


def test_what_was_known_then_knows_nothing_that_was_told_later(history: History) -> None:
    moment = history.published[1][0]
    found = history.ask(date(2026, 6, 3), moment)
    facts = {fact.fact_id.rsplit(":", 1)[1] for fact in PublicRecord.FromString(found.record).facts}
    assert facts == {"c0", "c1", "c2"}


@pytest.mark.parametrize(
    ("as_of", "ahead", "code", "purpose", "refused"),
    [
        (date(2027, 1, 1), 0, CODE, "p", (InvalidInput, "as_of")),
        (date(2026, 6, 20), 1, CODE, "p", (InvalidInput, "known_at")),
        (date(2026, 6, 20), 0, CODE, " ", (InvalidInput, "purpose")),
        (date(2014, 2, 28), 0, CODE, "p", (InvalidInput, "first fact")),
        (date(2015, 2, 28), 0, CODE, "p", (PreconditionFailed, "policy")),
        (date(2026, 6, 20), 0, "91330100799655058B", "p", (NotFound, "not registered")),
    ],
)
def test_a_question_that_has_no_answer_is_refused_by_name(
    history: History, as_of: date, ahead: int, code: str, purpose: str, refused: tuple[type[Exception], str]
) -> None:
    known_at = history.credit.clock.moment + timedelta(hours=ahead)
    with pytest.raises(refused[0], match=refused[1]):
        history.ask(as_of, known_at, code, purpose)


def test_every_read_of_the_past_is_kept_with_its_purpose(history: History) -> None:
    moment = history.published[0][0]
    history.ask(china_day(moment), moment, purpose="objection 12")
    assert history.credit.rows("SELECT subject, code, purpose FROM credit.past_read") == [
        ("auditor", CODE, "objection 12")
    ]
