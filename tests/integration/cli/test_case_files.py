"""Case histories by file, both ways: in any order and doubled they end in one state, and an export loads as the same cases."""

import asyncio
import csv
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from merchantcredit.credit.v1 import complaint_service_pb2 as pb
from merchantcredit.credit.v1.complaint_service_pb2_grpc import ComplaintServiceStub
from merchantcredit.events.v1.complaint_pb2 import ComplaintStatus

from services.cli.app import main
from services.common.auth import seals
from services.common.auth.actor import Role
from services.common.clock import FixedClock
from services.credit.bootstrap import serving_complaints
from services.credit.config import CreditConfig
from tests.integration.credit.world import CODE, KEY, NOW, OTHER, World, complaint, enterprise, told, twin, world
from tests.integration.grpc_fixtures import serve

SOURCE = "//12315.test"
SEALED = seals.seal(seals.private_key(KEY), orjson.dumps({"name": "张伟", "text": "我叫张伟，商家不退款"}))
OURS, THEIRS = "花溪区市场监督管理局", "乌当区市场监督管理局"
COLUMNS = (
    "case_id", "credit_code", "kind", "received_on", "step", "day", "office", "reason", "target",
    "商家答复", "公开说明", "check_extended_on",
)  # fmt: skip
AGREED, GONE, LEAD, ODD = ("a", CODE, "投诉", "2026-03-02"), ("b", OTHER, "投诉", "2026-03-03"), (
    "c", CODE, "举报", "2026-04-20"), ("d", OTHER, "投诉", "2026-04-01")  # fmt: skip
HISTORIES = [
    (*AGREED, "收到", "2026-03-02", OURS, "", "", "", "", ""),
    (*AGREED, "受理", "2026-03-04", OURS, "", "", "", "", ""),
    (*AGREED, "", "2026-03-06", "", "", "", "同意退款", "已退款，并承担运费。", ""),
    (*AGREED, "调解中", "2026-03-09", OURS, "", "", "", "", ""),
    (*AGREED, "中止", "2026-03-10", OURS, "TESTING", "", "", "", ""),
    (*AGREED, "调解中", "2026-03-16", OURS, "", "", "", "", ""),
    (*AGREED, "达成协议", "2026-03-18", OURS, "PAPER", "", "", "", ""),
    (*AGREED, "告知", "2026-03-20", OURS, "", "", "", "", ""),
    (*GONE, "受理", "2026-03-06", OURS, "", "", "", "", ""),
    (*GONE, "终止调解", "2026-04-20", OURS, "RESPONDENT_REFUSES", "", "", "", ""),
    (*LEAD, "核查", "2026-04-22", OURS, "", "", "", "", ""),
    (*LEAD, "", "2026-05-08", "", "", "", "", "", "2026-05-08"),
    (*LEAD, "不予立案", "2026-05-20", OURS, "REPEATED", "", "", "", ""),
    (*ODD, "分送", "2026-04-02", OURS, "", THEIRS, "", "", ""),
]
#: Rows that are refused, and the field that each names.
BAD = [
    ((*AGREED, "DONE", "2026-03-02", OURS, "", "", "", "", ""), "status"),
    ((*AGREED, "受理", "2026-13-02", OURS, "", "", "", "", ""), "status_on"),
    ((*AGREED, "受理", "2026-03-01", OURS, "", "", "", "", ""), "status_on"),
    ((*AGREED, "终止调解", "2026-03-05", OURS, "no agreement", "", "", "", ""), "reason_code"),
    ((*AGREED, "", "2026-03-05", OURS, "", "", "", "", ""), "status"),
    ((*AGREED, "受理", "2026-03-05", "张三13812345678", "", "", "", "", ""), "handling_office"),
    ((*AGREED, "", "2026-03-05", "", "", "", "部分同意", "证件520102199001011234", ""), "public_statement"),
    ((*AGREED, "", "2026-03-05", "", "", "", "部分同意", "<script>", ""), "public_statement"),
    ((*AGREED, "", "2026-03-05", "", "", "", "部分同意", "长" * 100_000, ""), "public_statement"),
    ((*AGREED[:3], "", "受理", "2026-03-05", OURS, "", "", "", "", ""), "received_on"),
]  # fmt: skip


class System:
    """A credit worker and its server, and the folder by which the command line finds them."""

    def __init__(self, credit: World, folder: Path) -> None:
        self.credit = credit
        self.folder = folder
        folder.mkdir()
        self.work: dict[str, list[str]] = {}

    async def load(self, file: Path) -> None:
        await self._run("load", "cases", str(file), "--source", SOURCE)
        self.credit.drain()

    async def cases(self, export: Path | None = None, office: str = "") -> dict[str, pb.ComplaintCase]:
        """Return all cases as the service tells them, after an export if one is wanted; work items are kept apart."""
        config = CreditConfig(dsn=self.credit.dsn, complainant_key=KEY)
        async with serve(self.folder, lambda: [serving_complaints(config, FixedClock(NOW))]) as served:
            token = served.token(Role.OFFICE)
            if export is not None:
                told_by = {"credit": served.address, "tokens": {"office": token[0][1].removeprefix("Bearer ")}}
                (self.folder / "endpoints.json").write_bytes(orjson.dumps({"dsn": self.credit.dsn, **told_by}))
                await self._run("export", "cases", "--out", str(export), "--office", office)
            stub: Any = ComplaintServiceStub(served.channel)
            listed = await stub.ListComplaints(pb.ListComplaintsRequest(), metadata=token)
            todo = await stub.ListComplaints(pb.ListComplaintsRequest(only_with_work_items=True), metadata=token)
            ids = [line.complaint_id for line in listed.complaints]
            found = [(await stub.GetComplaint(pb.GetComplaintRequest(complaint_id=i), metadata=token)) for i in ids]
        self.work = {one.complaint.case_id: [item.why for item in one.complaint.work_items] for one in found}
        assert [line.complaint_id.rpartition(":")[2] for line in todo.complaints] == [
            c for c, w in self.work.items() if w
        ]
        for answer in found:
            answer.complaint.ClearField("work_items")
        return {answer.complaint.case_id: answer.complaint for answer in found}

    async def _run(self, *arguments: str) -> None:
        if not (self.folder / "endpoints.json").exists():
            (self.folder / "endpoints.json").write_bytes(orjson.dumps({"dsn": self.credit.dsn}))
        await asyncio.to_thread(run, *arguments, "--state-dir", str(self.folder))


def run(*arguments: str, code: int = 0) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == code, arguments


@pytest.fixture
def system(dsn: str, tmp_path: Path) -> Iterator[System]:
    with world(dsn) as made:
        made.tell(told(enterprise(), "e1"), told(enterprise(OTHER), "e2"))
        yield System(made, tmp_path / "one")


@contextmanager
def another(postgres: str, folder: Path) -> Iterator[System]:
    with twin(postgres, NOW) as made:
        made.tell(told(enterprise(), "e1"), told(enterprise(OTHER), "e2"))
        yield System(made, folder)


def written(path: Path, rows: list[tuple[str, ...]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return path


async def test_late_doubled_and_shuffled_rows_end_in_the_states_of_the_plain_history(
    system: System, postgres: str, tmp_path: Path
) -> None:
    await system.load(written(tmp_path / "plain.csv", HISTORIES))
    plain = await system.cases()
    assert {case: ComplaintStatus.Name(one.status).removeprefix("COMPLAINT_STATUS_") for case, one in plain.items()} == {
        "a": "NOTIFIED", "b": "TERMINATED", "c": "NOT_FILED", "d": "REFERRED",
    }  # fmt: skip
    assert (plain["a"].answer.public_statement, plain["a"].response) == ("已退款，并承担运费。", 1)
    assert (len(plain["a"].steps), plain["c"].check_extended_on, plain["d"].handling_office) == (
        7,
        "2026-05-08",
        THEIRS,
    )
    mixed = [*HISTORIES, *HISTORIES[::2]]
    random.Random(7).shuffle(mixed)
    with another(postgres, tmp_path / "two") as other:
        for part, rows in enumerate((mixed[:9], mixed[9:], mixed[4:12])):
            await other.load(written(tmp_path / f"mixed{part}.csv", rows))
        assert await other.cases() == plain


async def test_an_impossible_history_keeps_its_state_and_bad_rows_are_set_aside_by_name(
    system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    impossible = (*GONE, "达成协议", "2026-05-20", OURS, "PAPER", "", "", "", "")
    await system.load(written(tmp_path / "all.csv", [*HISTORIES, *(row for row, _ in BAD), impossible]))
    assert (
        f"read {len(HISTORIES) + 1 + len(BAD)} = accepted {len(HISTORIES) + 1} + unchanged 0 + rejected {len(BAD)}"
        in (capsys.readouterr().out)
    )
    lines = (system.folder / "loads" / "all.csv.rejects.jsonl").read_bytes().splitlines()
    rejects = [orjson.loads(line) for line in lines]
    first = len(HISTORIES) + 2
    assert [(one["line"], one["field"]) for one in rejects] == [(first + n, field) for n, (_, field) in enumerate(BAD)]
    assert all(one["reason"].startswith(one["field"]) for one in rejects)
    assert (await system.cases())["b"].status == ComplaintStatus.COMPLAINT_STATUS_TERMINATED
    assert system.work["b"] == ["AGREED of 2026-05-20 cannot stand beside TERMINATED of 2026-04-20"]
    assert not system.credit.dead_letters()


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
async def test_an_export_loaded_on_an_empty_system_gives_the_same_cases(
    system: System, postgres: str, tmp_path: Path, suffix: str
) -> None:
    await system.load(written(tmp_path / "plain.csv", HISTORIES))
    system.credit.tell(
        told(complaint("told-late", status=4, response=2, platform_code="p1", handling_office=OURS), "x1"),
        told(complaint("open", OTHER, status=1, response=0, problem_type=0, handling_office=OURS), "x2"),
        told(
            complaint("sealed", status=2, handling_office=OURS, complainant_pseudonym="p-77", sealed_details=SEALED),
            "x4",
        ),
        told(complaint("elsewhere", status=2, response=0, handling_office=THEIRS), "x3"),
    )
    ours, everything = tmp_path / f"ours.{suffix}", tmp_path / f"all.{suffix}"
    whole = await system.cases(everything)
    assert "张伟" not in everything.read_text()
    assert "p-77" not in everything.read_text()
    await system.cases(ours, OURS)
    with another(postgres, tmp_path / "two") as other, another(postgres, tmp_path / "three") as office:
        await other.load(everything)
        assert await other.cases() == whole
        assert scores(other) == scores(system)
        await office.load(ours)
        assert await office.cases() == {case: one for case, one in whole.items() if one.handling_office == OURS}
    await system.load(everything)
    assert await system.cases() == whole


def scores(system: System) -> list[Any]:
    return [(system.credit.record(code).score_millipoints, system.credit.record(code).grade) for code in (CODE, OTHER)]  # type: ignore[union-attr]


def test_what_cannot_be_exported_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "there.csv"
    there.touch()
    for out, word in ((there, "name a new file"), (tmp_path / "x.xml", "name it so")):
        run("export", "cases", "--out", str(out), "--state-dir", str(tmp_path), code=2)
        assert word in capsys.readouterr().err
    nowhere = ("--target", "127.0.0.1:1", "--token", "t")
    run("export", "cases", "--out", str(tmp_path / "new.csv"), *nowhere, code=2)
    assert "does not answer" in capsys.readouterr().err
    assert not (tmp_path / "new.csv").exists()
