"""The flow through the ledger: events become facts, a score, records, and announcements, in any order of arrival."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from google.protobuf.json_format import MessageToJson
from merchantcredit.credit.v1.record_pb2 import PublicRecord
from merchantcredit.events.v1.violation_pb2 import DECISION_STATE_REVOKED

from services.common.auth import seals
from services.common.clock import FixedClock
from services.common.db.migrate import migrate
from services.common.eventlog.batch import BatchPolicy
from services.credit.adapters.postgres_ledger import PostgresLedger
from tests.integration.credit.world import (
    CODE,
    KEY,
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


@pytest.fixture
def credit(dsn: str) -> Iterator[World]:
    with world(dsn) as made:
        yield made


def lines(record: PublicRecord) -> dict[str, int]:
    return {line.rule_id: line.amount_millipoints for line in record.contributions}


def test_an_event_becomes_a_fact_a_score_a_record_and_a_grade_change(credit: World) -> None:
    credit.tell(
        told(enterprise(), "e1"),
        told(complaint("c1"), "c1"),
        told(violation("v1"), "v1"),
        told(volume("2026-05", 9000), "n1"),
    )
    record = credit.record()
    assert record is not None
    assert sum(lines(record).values()) == record.score_millipoints
    assert lines(record)["penalty.ordinary"] == -80_000
    assert [f.kind for f in record.facts] == ["complaint", "penalty"]
    assert record.good_until == "2026-07-01"
    assert [(g.from_grade, g.to_grade) for g in credit.grade_changes()] == [("NR", record.grade)]
    assert set(credit.verdicts().values()) == {1}


def test_an_enterprise_that_is_not_yet_known_counts_when_it_appears(credit: World) -> None:
    credit.tell(told(complaint("c1"), "c1"), told(violation("v1"), "v1"))
    assert credit.record() is None
    assert credit.verdicts() == {"c1": 3, "v1": 3}
    credit.tell(told(enterprise(), "e1"))
    record = credit.record()
    assert record is not None
    assert {"complaint.rate", "penalty.ordinary"} <= set(lines(record))


def test_a_later_account_replaces_an_earlier_one_and_a_late_one_does_not(credit: World) -> None:
    early, late = NOW - timedelta(days=3), NOW - timedelta(days=1)
    credit.tell(told(enterprise(), "e1"), told(complaint("c1", status=6, response=0), "w", at=late))
    credit.tell(told(complaint("c1"), "c1", at=early))
    record = credit.record()
    assert record is not None
    assert record.facts == []
    assert lines(record).get("complaint.rate", 0) == 0


def test_a_revoked_penalty_is_off_the_record(credit: World) -> None:
    credit.tell(told(enterprise(), "e1"), told(violation("v1"), "v1", at=NOW - timedelta(hours=1)))
    credit.tell(told(violation("v1", state=DECISION_STATE_REVOKED), "v2"))
    record = credit.record()
    assert record is not None
    assert record.facts == []
    assert lines(record) == {"base": 700_000, "registration.age": 40_000}


def test_a_case_that_moves_to_another_shop_takes_its_weight_along(credit: World) -> None:
    credit.tell(told(enterprise(), "e1"), told(enterprise(OTHER), "e2"), told(complaint("c1"), "c1"))
    credit.tell(told(complaint("c1", code=OTHER), "c2", at=NOW + timedelta(minutes=1)))
    mine, other = credit.record(CODE), credit.record(OTHER)
    assert mine is not None
    assert other is not None
    assert "complaint.rate" not in lines(mine)
    assert lines(other)["complaint.rate"] < 0


def test_the_same_event_twice_changes_nothing_and_another_body_is_a_dead_letter(credit: World) -> None:
    credit.tell(told(enterprise(), "e1"), told(complaint("c1"), "c1"))
    before = credit.record()
    credit.tell(told(complaint("c1"), "c1"), told(complaint("c1"), "c1"))
    assert credit.record() == before
    credit.tell(told(complaint("c1", status=4), "c1"))
    assert credit.record() == before
    assert [letter.headers["dlq_reason"] for letter in credit.dead_letters()] == ["REQUEST_ID_REUSED"]


@pytest.mark.parametrize(
    ("message", "reason", "said"),
    [
        (told(complaint("c", code="91520900MA6GN48P47"), "x"), "INVALID_CREDIT_CODE", "CHECK_CHARACTER"),
        (told(complaint("c", received_on="2026-07-01"), "x"), "INVALID_FIELD", "received_on"),
        (told(complaint("c", complainant_pseudonym="13812345678"), "x"), "PERSONAL_DATA", "complainant_pseudonym"),
        (told(complaint("c", sealed_details="张三"), "x"), "PERSONAL_DATA", "sealed_details"),
        (told(complaint("c", sealed_details="a.b.c.d." + "x" * 70_000), "x"), "INVALID_FIELD", "sealed_details"),
        (told(violation("v", conduct_type="致电13812345678"), "x"), "PERSONAL_DATA", "conduct_type"),
        (told(complaint("c"), "x", ce_type="merchantcredit.intake.complaint.v9"), "INVALID_FIELD", "ce_type"),
        (told(complaint("c"), "x", ce_time="yesterday"), "INVALID_FIELD", "ce_time"),
        (told(complaint("c"), "x", source="//nobody"), "INVALID_FIELD", "ce_source"),
        (told(complaint("c"), "x", **{"content-type": "application/json"}), "INVALID_FIELD", "data"),
        (told(volume("2026-13", 5), "x"), "INVALID_FIELD", "month"),
    ],
)
def test_bad_input_is_a_dead_letter_that_names_the_field(credit: World, message: Any, reason: str, said: str) -> None:
    credit.tell(told(enterprise(), "e1"), message)
    (letter,) = credit.dead_letters()
    assert letter.headers["dlq_reason"] == reason
    assert said in letter.headers["dlq_description"]
    is_withheld = reason == "PERSONAL_DATA"  # dead letters are kept for good
    assert letter.value == (b"" if is_withheld else message.value)
    assert ("dlq_withheld" in letter.headers) is is_withheld
    assert credit.verdicts()["x"] == 5


def test_texts_that_the_database_cannot_hold_are_dead_letters_and_hold_nobody_up(credit: World) -> None:
    written = told(violation("v1"), "b", **{"content-type": "application/json"})
    as_json = MessageToJson(violation("v\x00"), preserving_proto_field_name=True).encode()
    credit.tell(
        told(violation("v\x00"), "a"), replace(written, value=as_json), told(enterprise(name="a\x00b"), "c"),
        told(complaint("c4"), "d\x00"), told(complaint("c5"), "e", source="//12315.a\x00"), told(enterprise(), "f"),
    )  # fmt: skip
    said = [letter.headers["dlq_description"].split(":")[0] for letter in credit.dead_letters()]
    assert sorted(said) == ["ce_id", "ce_source", "document_number", "document_number", "name"]
    assert credit.verdicts() == {"a": 5, "b": 5, "c": 5, "f": 1}


def test_broken_utf8_is_a_dead_letter(credit: World) -> None:
    message = told(complaint("c1"), "x")
    broken = type(message)(
        topic=message.topic, key=message.key, value=message.value.replace(b"c1", b"\xff\xfe"), headers=message.headers
    )
    credit.tell(broken)
    assert "data" in credit.dead_letters()[0].headers["dlq_description"]


def test_json_is_taken_by_its_content_type(credit: World) -> None:
    message = told(complaint("c1"), "c1", **{"content-type": "application/json"})
    as_json = type(message)(
        topic=message.topic, key=message.key, value=MessageToJson(complaint("c1")).encode(), headers=message.headers
    )
    credit.tell(told(enterprise(), "e1"), as_json)
    assert credit.verdicts() == {"e1": 1, "c1": 1}


def test_an_amount_over_its_ceiling_waits_for_a_person(credit: World) -> None:
    credit.tell(told(enterprise(), "e1"), told(violation("v1", fine_fen=10**11), "v1"))
    record = credit.record()
    assert record is not None
    assert record.facts == []
    assert credit.verdicts()["v1"] == 4
    assert credit.restricted().held_fact_ids == [f"penalty:{CODE}:v1"]


def test_an_event_after_the_enterprise_closed_is_kept_and_flagged(credit: World) -> None:
    credit.tell(
        told(enterprise(status=6, status_since="2026-05-30"), "e1"),
        told(complaint("before", received_on="2026-05-01"), "c1"),
        told(complaint("after", received_on="2026-06-02"), "c2"),
    )
    assert credit.restricted().flagged_fact_ids == ["complaint://12315.test:after"]


def test_no_complainant_is_in_the_ledger(credit: World) -> None:
    sealed = seals.seal(seals.private_key(KEY), '{"name": "张三"}'.encode())
    credit.tell(told(complaint("c1", complainant_pseudonym="pseudonym-4711", sealed_details=sealed), "c1"))
    bodies = credit.rows("SELECT body FROM credit.assertion")
    assert b"4711" not in bodies[0][0]
    assert sealed.encode()[:20] not in bodies[0][0]
    assert "张三".encode() not in credit.rows("SELECT sealed FROM credit.vault")[0][0]


def history() -> list[Any]:
    rng = random.Random(7)
    made = []
    for n in range(60):
        code = rng.choice([CODE, OTHER])
        at = NOW - timedelta(hours=rng.randrange(500))
        match n % 4:
            case 0:
                made.append(told(violation(f"v{n % 6}", code=code, severity=rng.randrange(4)), f"e{n}", at=at))
            case 1:
                made.append(
                    told(volume(f"2026-0{rng.randrange(1, 6)}", rng.randrange(5000), code=code), f"e{n}", at=at)
                )
            case _:
                who = rng.choice(["", "u1", "u2", "u3"])
                report = complaint(f"c{n % 25}", code=code, status=rng.randrange(1, 7), complainant_pseudonym=who)
                made.append(told(report, f"e{n}", at=at))
    return [told(enterprise(), "r1"), told(enterprise(OTHER), "r2"), *made]


def outcome(credit: World) -> object:
    """Return what must not depend on the order of arrival."""
    records = []
    for code in (CODE, OTHER):
        record = credit.record(code)
        assert record is not None
        records.append(record.SerializeToString(deterministic=True))
    return (
        records,
        credit.rows(
            "SELECT code, known, seq, cells, detail, registration, grade, good_until FROM credit.subject ORDER BY code"
        ),
        credit.rows("SELECT fact_id, source, event_id, body FROM credit.assertion ORDER BY event_id"),
    )


@pytest.mark.parametrize("seed", range(4))
def test_any_order_and_any_batches_give_the_same_bytes(dsn: str, seed: int) -> None:
    rng = random.Random(seed)
    with world(dsn) as first:
        first.tell(*history())
        wanted = outcome(first)
    other = f"{dsn}_b"
    name = other.rsplit("/", 1)[1]
    with psycopg.connect(dsn.rsplit("/", 1)[0] + "/postgres", autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")
    migrate(other)
    with world(other, policy=BatchPolicy(max_records=rng.randrange(1, 9), poll_seconds=0.05)) as second:
        shuffled = [*history(), *history()[:20]]
        rng.shuffle(shuffled)
        for start in range(0, len(shuffled), 7):
            second.tell(*shuffled[start : start + 7])
        found = outcome(second)
    with psycopg.connect(dsn.rsplit("/", 1)[0] + "/postgres", autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert found == wanted


def test_the_sweep_writes_what_changes_with_no_event_exactly_once(dsn: str) -> None:
    clock = FixedClock(datetime(2026, 8, 19, 15, 59, tzinfo=UTC))
    with world(dsn, clock=clock) as credit:
        credit.tell(told(enterprise(), "e1"), told(violation("v1", severity=1, decided_on="2026-05-20"), "v1"))
        before = credit.record()
        assert before is not None
        assert before.good_until == "2026-08-20"
        assert credit.sweeper.sweep_once() == 0
        clock.moment = datetime(2026, 8, 19, 16, 0, tzinfo=UTC)  # midnight in Asia/Shanghai
        assert credit.sweeper.sweep_once() == 1
        assert credit.sweeper.sweep_once() == 0
        after = credit.record()
        assert after is not None
        assert after.revision == before.revision + 1
        assert after.facts == []
        assert "penalty.minor" not in lines(after)


def test_asking_whether_a_day_has_turned_reads_nobody(dsn: str) -> None:
    read = "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relid = 'credit.subject'::regclass"
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "INSERT INTO credit.subject (code, good_until) SELECT n, '2099-01-01' FROM generate_series(1, 2000) n"
        )
        conn.commit()
        conn.execute("SET enable_seqscan = off")  # a table that was just filled has no statistics: any index will do
        (before,) = conn.execute(read).fetchone() or (0,)
        for _ in range(20):  # often enough for a plan that is kept
            assert not PostgresLedger(conn).due(date(2026, 6, 10), 500)
        conn.commit()
        conn.execute("SELECT pg_stat_force_next_flush()")
        conn.commit()
        assert conn.execute(read).fetchone() == (before,)
