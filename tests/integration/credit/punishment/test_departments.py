"""What departments tell by topic converges; merged departments and ended bases lose nothing; verify finds what is planted."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from merchantcredit.credit.v1 import punishment_pb2 as model
from merchantcredit.credit.v1 import punishment_service_pb2 as pb
from merchantcredit.events.v1 import directive_pb2 as fb
from merchantcredit.events.v1.directive_pb2 import Directive, NumberedDirective

from services.cli import app
from services.common.eventlog import cloudevents
from services.common.eventlog.port import Message
from services.common.eventlog.topics import DIRECTIVE, FEEDBACK, INSTRUCTION
from services.common.telemetry import metrics, names
from services.common.telemetry.prometheus import PrometheusSink
from services.credit.adapters.punishment.open_lifts import open_lifts
from services.credit.adapters.punishment.verify import verify
from services.credit.config import LAW_FOLDER
from services.credit.domain.punishment.chain import GENESIS, next_digest
from tests.integration.credit.punishment.office_world import FINANCE, OfficeWorld, feedback, office_world
from tests.integration.credit.world import CODE, NOW

LIMIT = "limit-procurement"


@pytest.fixture
async def offices(dsn: str, tmp_path: Path) -> AsyncIterator[OfficeWorld]:
    async with office_world(dsn, tmp_path) as made:
        yield made


def report(numbered: NumberedDirective, kind: int, event_id: str, **given: Any) -> Message:
    body = feedback(numbered, kind, **{k: v for k, v in given.items() if k not in ("hours", "source")})
    body.occurred_time.FromDatetime(NOW + timedelta(hours=given.get("hours", 0)))
    source = given.get("source", f"//department.merchantcredit/{numbered.department}")
    headers = cloudevents.headers(event_id=event_id, event_type=FEEDBACK, source=source, time=NOW)
    return Message(topic=FEEDBACK, key=numbered.department, value=body.SerializeToString(), headers=headers)


def faults(offices: OfficeWorld) -> list[str]:
    with psycopg.connect(offices.world.dsn) as conn:
        return verify(conn, offices.sweeper._law, offices.clock.now()).faults


def alarmed(offices: OfficeWorld) -> float | None:
    """Return the number of faults that the hourly check tells Prometheus."""
    sink = PrometheusSink()
    metrics.use(sink)
    try:
        offices.sweeper._alarm()
    finally:
        metrics.use(None)
    return sink.registry.get_sample_value(names.PUNISHMENT_FAULTS.name)


async def state(offices: OfficeWorld, department: str = FINANCE) -> int:
    found = (await offices.get()).directives
    return next(d.state for d in found if (d.measure_id, d.department) == (LIMIT, department))


@pytest.mark.parametrize("seed", range(3))
async def test_reports_in_any_order_and_repetition_give_one_state(offices: OfficeWorld, seed: int) -> None:
    await offices.list_it()
    offices.drain()
    (numbered,), _ = await offices.read()
    reports = [
        report(numbered, kind, f"e{kind}", hours=kind)
        for kind in (fb.FEEDBACK_KIND_ACKNOWLEDGED, fb.FEEDBACK_KIND_APPLIED, fb.FEEDBACK_KIND_REPORTED)
    ]
    doubled = [*reports, *reports]
    random.Random(seed).shuffle(doubled)
    offices.clock.moment = NOW + timedelta(days=1)
    for one in doubled:
        offices.world.log.publish([one])
        offices.drain()
    assert await state(offices) == model.DIRECTIVE_STATE_REPORTED
    assert offices.world.dead_letters() == []
    assert faults(offices) == []


async def test_answers_by_file_converge_like_those_by_topic(offices: OfficeWorld, tmp_path: Path) -> None:
    await offices.list_it()
    offices.drain()
    (numbered,), _ = await offices.read()
    name = Directive.FromString(numbered.directive).directive_id
    rows = [
        f"{FINANCE},1,{name},{kind},2026-06-15T1{hour}:00:00+08:00"
        for hour, kind in enumerate(("已接收", "已执行", "已反馈"))
    ]
    for n, told in enumerate((rows[::-1], rows)):
        file = tmp_path / f"answers{n}.csv"
        file.write_text("\n".join(("部门,指令序号,指令编号,反馈,办理时间", *told)))
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(app.main, ["load", "feedback", str(file), "--dsn", offices.world.dsn])
        assert ended.value.code == 0
        offices.drain()
        assert await state(offices) == model.DIRECTIVE_STATE_REPORTED
    assert offices.world.rows("SELECT count(*) FROM credit.directive_feedback") == [(3,)]
    assert offices.world.dead_letters() == []


async def test_reports_that_cannot_be_taken_are_dead_letters_with_the_reason(offices: OfficeWorld) -> None:
    await offices.list_it()
    offices.drain()
    (numbered,), _ = await offices.read()
    ack = fb.FEEDBACK_KIND_ACKNOWLEDGED
    beyond = feedback(numbered, ack)
    beyond.occurred_time.seconds = 10**15
    offices.world.log.publish(
        [
            report(numbered, ack, "a", source="//department.merchantcredit/commerce-520900"),
            report(numbered, ack, "b", source="//nobody"),
            report(numbered, 99, "c"),
            report(numbered, ack, "d", hours=99),
            report(NumberedDirective(department=FINANCE, number=7), ack, "e"),
            report(numbered, ack, "f"),
            report(numbered, fb.FEEDBACK_KIND_DELIVERED, "f"),
            report(numbered, ack, "g", result="no\x00text"),
            report(numbered, ack, "h", result="请打13912345678"),
            report(numbered, ack, "i", document_number="x" * 129),
            replace(report(numbered, ack, "j"), value=beyond.SerializeToString()),
        ]
    )
    offices.drain()
    said = {r.headers["ce_id"]: r.headers["dlq_description"] for r in offices.world.dead_letters()}
    assert {key: text.split()[0] for key, text in said.items()} == {
        "a": "number:", "b": "ce_source:", "c": "kind", "d": "occurred_time:", "e": "directive_id", "f": "event",
        "g": "result:", "h": "result:", "i": "document_number:", "j": "occurred_time:",
    }  # fmt: skip
    assert await state(offices) == model.DIRECTIVE_STATE_ACKNOWLEDGED


async def test_the_topic_and_the_stream_carry_the_same_gap_free_and_provable_sequence(offices: OfficeWorld) -> None:
    for n in range(4):
        await offices.list_it(f"l{n}")
    offices.drain()
    await offices.end("l2")
    offices.drain()
    streamed, _ = await offices.read()
    told = offices.world.rows("SELECT payload FROM eventlog.message WHERE topic = %s AND key = %s ORDER BY id",
                              DIRECTIVE, FINANCE)  # fmt: skip
    assert [NumberedDirective.FromString(row[0]) for row in told] == streamed
    assert [one.number for one in streamed] == [1, 2, 3, 4, 5]
    digest = GENESIS
    for one in streamed:
        digest = next_digest(digest, one.number, one.directive)
        assert one.digest == digest


async def test_an_instruction_that_a_relay_sends_again_is_dispatched_once(offices: OfficeWorld) -> None:
    await offices.list_it()
    offices.drain()
    await offices.end()
    with psycopg.connect(offices.world.dsn) as conn:
        rows = conn.execute(
            "SELECT key, headers, payload FROM eventlog.message WHERE topic = %s", [INSTRUCTION]
        ).fetchall()
    sent = [Message(topic=INSTRUCTION, key=key, value=value, headers=headers) for key, headers, value in rows]
    offices.world.log.publish([*sent, *sent])
    offices.drain()
    offices.world.log.publish(sent)  # a batch of nothing new
    offices.drain()
    found, _ = await offices.read()
    assert [Directive.FromString(one.directive).action for one in found] == [1, 2]
    assert len({message.headers["ce_id"] for message in sent}) == len(sent)
    assert faults(offices) == []


async def test_a_department_that_was_merged_hands_its_lifts_to_its_successor(dsn: str, tmp_path: Path) -> None:
    law = tmp_path / "law"
    shutil.copytree(LAW_FOLDER, law)
    with (law / "departments.toml").open("a") as file:
        file.write('\n[[successor]]\nof = "finance-520900"\nby = "finance-520100"\nsince = 2026-07-01\n')
    async with office_world(dsn, tmp_path, law_folder=law) as offices:
        await offices.list_it()
        offices.drain()
        await offices.read()
        offices.clock.moment = datetime(2026, 7, 2, tzinfo=UTC)
        await offices.end()
        offices.drain()
        (lift,), _ = await offices.read("finance-520100")
        assert Directive.FromString(lift.directive).action == fb.DIRECTIVE_ACTION_LIFT
        successor = "finance-520100"
        with offices.world.batch.pool.connection() as conn:
            lifts = open_lifts(conn, offices.sweeper._law, CODE, date(2026, 7, 2))
        assert {one.department for one in lifts} >= {successor, "finance-520000"}
        listed = await offices.stub.ListDirectives(pb.ListDirectivesRequest(), metadata=offices.department(successor))
        assert [(one.department, one.lift_number) for one in listed.directives] == [(successor, 1)]
        await offices.tell(lift, fb.FEEDBACK_KIND_LIFT_CONFIRMED)
        assert await state(offices, successor) == model.DIRECTIVE_STATE_LIFTED_CONFIRMED
        assert faults(offices) == []


async def test_what_was_ordered_under_a_basis_ends_with_it_also_when_another_follows(dsn: str, tmp_path: Path) -> None:
    law = tmp_path / "law"
    shutil.copytree(LAW_FOLDER, law)
    path = law / "measures.toml"
    told = path.read_text()
    row = told[told.index("[[measure]]") : told.index("[[measure]]", told.index("[[measure]]") + 1)]
    former = f"{row.rstrip()}\neffective_until = 2026-07-01\n\n"
    path.write_text(told.replace(row, former + row.replace("2003-01-01", "2026-07-01")))
    async with office_world(dsn, tmp_path, law_folder=law) as offices:
        await offices.list_it()
        assert await offices.check() == [LIMIT, LIMIT]
        offices.clock.moment = datetime(2026, 7, 1, tzinfo=UTC)
        assert await offices.check() == []
        assert any("after its own end on 2026-07-01" in fault for fault in faults(offices))
        offices.sweeper.sweep_once()
        offices.drain()
        assert await state(offices) == model.DIRECTIVE_STATE_LIFTING
        assert faults(offices) == []
        await offices.list_it("l2")
        assert await offices.check() == [LIMIT, LIMIT]
        assert faults(offices) == []


async def test_an_ended_basis_is_known_to_every_read_at_once_and_swept(dsn: str, tmp_path: Path) -> None:
    law = tmp_path / "law"
    shutil.copytree(LAW_FOLDER, law)
    path = law / "measures.toml"
    path.write_text(
        path.read_text().replace(
            "effective_from = 2003-01-01", "effective_from = 2003-01-01\neffective_until = 2026-07-01"
        )
    )
    async with office_world(dsn, tmp_path, law_folder=law) as offices:
        await offices.list_it()
        assert await offices.check() == [LIMIT, LIMIT]
        offices.clock.moment = datetime(2026, 7, 1, tzinfo=UTC)
        assert await offices.check() == []
        assert LIMIT not in await offices.measures()
        assert any("without a basis" in fault for fault in faults(offices))
        assert alarmed(offices) == len(faults(offices))
        assert offices.sweeper.sweep_once() >= 2
        offices.drain()
        assert faults(offices) == []
        assert alarmed(offices) == 0
        assert await state(offices) == model.DIRECTIVE_STATE_LIFTING
        assert (await offices.get()).listing.state == model.LISTING_STATE_PUBLISHED


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (
            "DELETE FROM credit.department_directive WHERE number = 1 AND department = 'finance-520900'",
            "breaks at number",
        ),
        (
            "UPDATE credit.department_directive SET directive = directive || '\\x0a0178' WHERE number = 1",
            "breaks at number",
        ),
        (
            "UPDATE credit.directive SET lift_ordered_at = NULL, state = 1 WHERE listing_id = 'l1'",
            "its listing is ENDED",
        ),
        ("UPDATE credit.directive SET measure_id = 'no-honours'", "ordered by no decision"),
        ("UPDATE credit.directive SET state = 6", "its answers make it"),
        ("UPDATE credit.directive SET number = 5", "was sent as"),
        (
            "UPDATE credit.directive SET lift_ordered_at = '2026-06-15T05:00:00Z', state = 7 WHERE listing_id = 'l2'",
            "its listing and its basis stand",
        ),
        (
            "UPDATE credit.listing_step SET measure_ids = measure_ids || ARRAY['no-honours'] WHERE kind = 5",
            "orders no-honours, and nobody got it",
        ),
        ("UPDATE credit.enterprise_check SET measures = ''", "reads something else"),
        ("DELETE FROM credit.enterprise_check", "reads something else"),
    ],
)
async def test_verify_finds_what_is_planted(offices: OfficeWorld, planted: str, said: str) -> None:
    await offices.list_it()
    await offices.list_it("l2")
    offices.drain()
    await offices.end()
    offices.drain()
    assert faults(offices) == []
    with psycopg.connect(offices.world.dsn) as conn:
        conn.execute(planted)  # type: ignore[call-overload]
    assert any(said in fault for fault in faults(offices))
