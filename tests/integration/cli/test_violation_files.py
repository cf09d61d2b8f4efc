"""双公示 files out and in again: what is public now, in either form, and a load of it changes nothing, here or elsewhere."""

import asyncio
import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from merchantcredit.credit.v1.record_pb2 import PublicRecord
from merchantcredit.events.v1.violation_pb2 import DECISION_STATE_REVOKED

from services.cli.app import main
from services.cli.loading.penalty_rows import HEADERS
from services.common.auth.actor import Role
from services.common.clock import FixedClock
from services.credit.bootstrap import serving
from services.credit.config import CreditConfig
from tests.integration.credit.world import CODE, KEY, NOW, OTHER, World, enterprise, told, twin, violation, world
from tests.integration.grpc_fixtures import serve

SOURCE = "//enforcement.test"
AUTHORITY = {
    "authority_name": "贵阳市市场监督管理局",
    "legal_basis": "《广告法》第五十五条，“虚假”",
    "authority_code": "",
}
#: What is public on NOW, under both rules, with and without a class, with every kind of amount.
PUBLIC = [
    violation("甲〔2026〕1号", fine_fen=1_234_567, confiscated_fen=1, **AUTHORITY),
    violation("甲〔2026〕2号", severity=0, fine_fen=300_000, **AUTHORITY),
    violation("甲〔2026〕3号", OTHER, severity=0, penalty_kind=3, confiscated_fen=99, fine_fen=0, **AUTHORITY),
    violation("甲〔2026〕4号", OTHER, severity=3, penalty_kind=4, fine_fen=10_000_000, **AUTHORITY),
    violation("甲〔2026〕5号", OTHER, severity=0, penalty_kind=5, fine_fen=0, conduct_type='a,b\n"c"', **AUTHORITY),
    violation("甲〔2025〕6号", severity=2, decided_on="2024-07-01", **AUTHORITY),
    violation("甲〔2026〕7号", severity=0, penalty_kind=6, decided_on="2026-03-31", **AUTHORITY),
    violation("甲〔2026〕8号", severity=0, penalty_kind=7, fine_fen=0, decided_on="2026-03-31", **AUTHORITY),
    violation("甲〔2026〕9号", severity=1, penalty_kind=1, fine_fen=50_000, **AUTHORITY),
]
#: A mere warning, mere criticism under Order 36, one whose window is over, one that was revoked, one of nobody registered.
OTHERS = [
    violation("乙〔2026〕1号", penalty_kind=1, fine_fen=0),
    violation("乙〔2026〕2号", penalty_kind=7, fine_fen=0, decided_on="2026-04-01"),
    violation("乙〔2026〕3号", severity=1, decided_on="2026-03-15"),
    violation("乙〔2026〕4号", state=DECISION_STATE_REVOKED),
    violation("乙〔2026〕5号", "91330100799655058B"),
]


class System:
    """A credit worker and its server, and the folder by which the command line finds them."""

    def __init__(self, credit: World, folder: Path) -> None:
        self.credit = credit
        self._folder = folder
        folder.mkdir()

    async def export(self, out: Path, form: int) -> list[dict[str, str]]:
        config = CreditConfig(dsn=self.credit.dsn, complainant_key=KEY)
        async with serve(self._folder, lambda: [serving(config, FixedClock(NOW))]) as served:
            token = served.token(Role.OFFICE)[0][1].removeprefix("Bearer ")
            told_by = {"dsn": self.credit.dsn, "credit": served.address, "tokens": {"office": token}}
            (self._folder / "endpoints.json").write_bytes(orjson.dumps(told_by))
            await self._run("export", "violations", "--form", str(form), "--out", str(out))
        return rows(out)

    async def load(self, file: Path, *options: str) -> None:
        if not (self._folder / "endpoints.json").exists():
            (self._folder / "endpoints.json").write_bytes(orjson.dumps({"dsn": self.credit.dsn}))
        await self._run("load", "violations", str(file), "--source", SOURCE, *options)
        self.credit.drain()

    async def _run(self, *arguments: str) -> None:
        await asyncio.to_thread(run, *arguments, "--state-dir", str(self._folder))

    def standing(self) -> list[Any]:
        """Return what is public of both: all but how many accounts there are of it, and when it was computed."""
        return [standing(self.credit.record(code)) for code in (CODE, OTHER)]


def standing(record: PublicRecord | None) -> PublicRecord:
    assert record is not None
    for field in ("revision", "computed_time"):
        record.ClearField(field)  # type: ignore[arg-type] # both are fields
    for line in record.contributions:
        line.ClearField("evidence_digest")
    return record


def rows(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".jsonl":
        return [orjson.loads(line) for line in path.read_bytes().splitlines()]
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(*arguments: str, code: int = 0) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == code, arguments


def registered(credit: World) -> World:
    credit.tell(told(enterprise(), "e1"), told(enterprise(OTHER, name='"甲"，乙 公司'), "e2"))
    return credit


@pytest.fixture
def system(dsn: str, tmp_path: Path) -> Iterator[System]:
    with world(dsn) as made:
        registered(made).tell(
            *(
                told(one, f"v{n}", source=SOURCE, at=NOW - timedelta(hours=n))
                for n, one in enumerate([*PUBLIC, *OTHERS], 1)
            )
        )
        yield System(made, tmp_path / "one")


@contextmanager
def another(postgres: str, folder: Path) -> Iterator[System]:
    with twin(postgres, NOW) as made:
        yield System(registered(made), folder)


@pytest.mark.parametrize(("form", "suffix"), [(2015, "csv"), (2018, "csv"), (2018, "jsonl")])
async def test_what_is_public_goes_out_and_a_load_of_it_changes_nothing(
    system: System, postgres: str, tmp_path: Path, form: int, suffix: str
) -> None:
    out, before = tmp_path / f"out.{suffix}", system.standing()
    written = await system.export(out, form)
    assert sum(len(record.facts) for record in before) == len(PUBLIC)
    assert {row["CF_WSH"] for row in written} == {one.document_number for one in PUBLIC}
    assert all(tuple(row) == HEADERS[form] for row in written)
    await system.load(out)
    assert system.standing() == before
    assert await system.export(tmp_path / f"again.{suffix}", form) == written
    with another(postgres, tmp_path / "two") as other:
        await other.load(out)
        assert other.standing() == before
        assert without_time(await other.export(tmp_path / f"other.{suffix}", form)) == without_time(written)
    assert not system.credit.dead_letters()


def without_time(written: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return rows without the time stamp: an account by file has that of its row."""
    return [{name: value for name, value in row.items() if name != "SJC"} for row in written]


async def test_a_correction_by_file_stands_and_a_revocation_takes_its_row_out(system: System, tmp_path: Path) -> None:
    first, corrected, revoked = (tmp_path / f"{name}.csv" for name in ("first", "corrected", "revoked"))
    row = next(row for row in await system.export(first, 2015) if row["CF_WSH"] == "甲〔2026〕2号")
    put(corrected, {**row, "CF_JG": "罚款80000元", "SJC": ""})
    await system.load(corrected, "--time", "2026-06-15T13:00:00+08:00")
    found = {row["CF_WSH"]: row for row in await system.export(tmp_path / "second.csv", 2018)}
    assert found["甲〔2026〕2号"]["CF_NR_FK"] == "8.000000"
    put(revoked, {**row, "CF_ZT": "1", "SJC": "2026-06-15 14:00:00"})
    await system.load(revoked)
    await system.load(first)
    assert "甲〔2026〕2号" not in {row["CF_WSH"] for row in await system.export(tmp_path / "third.csv", 2018)}


def put(path: Path, row: dict[str, str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, row)
        table.writeheader()
        table.writerow(row)


def test_what_cannot_be_exported_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "there.csv"
    there.touch()
    for out, word in ((there, "name a new file"), (tmp_path / "x.xml", "name it so")):
        run("export", "violations", "--out", str(out), "--state-dir", str(tmp_path), code=2)
        assert word in capsys.readouterr().err
    nowhere = ("--target", "127.0.0.1:1", "--token", "t")
    run("export", "violations", "--out", str(tmp_path / "new.csv"), *nowhere, code=2)
    assert "does not answer" in capsys.readouterr().err
    assert not (tmp_path / "new.csv").exists()
