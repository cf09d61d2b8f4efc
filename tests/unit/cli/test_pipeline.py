"""Loading: totals add up, keys never meet in flight, and a load that was cut off goes on where it was."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from services.cli.loading import ledger, pipeline
from services.cli.loading.ledger import Reject, Settled, Totals
from services.cli.loading.load import Job
from services.cli.loading.pipeline import Item
from services.cli.loading.rows import Row
from services.common.errors import DependencyUnavailable, InvalidInput, PlatformError, invalid


def _convert(row: Row) -> Item[str]:
    value = str(row.fields["v"])
    if value == "bad":
        raise invalid("v", "bad: write good")
    return Item(row, value, value)


def _job(path: Path, *, resume: bool = False, unique: bool = False) -> Job:
    rejects = path.with_suffix(".rejects.jsonl")
    return Job(path=path, rejects_path=rejects, resume=resume, chunk_size=2, in_flight=3, unique_keys=unique)


def _file(folder: Path, values: Sequence[str]) -> Path:
    path = folder / "in.jsonl"
    path.write_bytes(b"".join(orjson.dumps({"v": value}) + b"\n" for value in values))
    return path


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class Recorder:
    """Takes what is sent; refuses "no", knows "old", and stops answering after so many chunks."""

    def __init__(self, chunks: int = 1000) -> None:
        self.sent: list[str] = []
        self._chunks = chunks

    async def send(self, items: Sequence[Item[str]]) -> Settled:
        self._chunks -= 1
        if self._chunks < 0:
            raise DependencyUnavailable("gone")
        await asyncio.sleep(0)
        self.sent += [item.payload for item in items]
        rejects = [Reject(item.row.line, "v", "no", item.row.original) for item in items if item.payload == "no"]
        old = sum(item.payload == "old" for item in items)
        return Settled(len(items) - old - len(rejects), old, rejects)


async def test_totals_add_up_and_rejects_say_why(tmp_path: Path) -> None:
    path = _file(tmp_path, ["a", "bad", "no", "old", "b"])
    job = _job(path)
    assert await job.run(_convert, Recorder().send) == Totals(read=5, accepted=2, unchanged=1, rejected=2)
    rejects = [orjson.loads(line) for line in job.rejects_path.read_bytes().splitlines()]
    assert rejects == [
        {"line": 2, "field": "v", "reason": "v: bad: write good", "original": '{"v":"bad"}'},
        {"line": 3, "field": "v", "reason": "no", "original": '{"v":"no"}'},
    ]


async def test_a_load_that_was_cut_off_goes_on_and_counts_the_whole_file(tmp_path: Path) -> None:
    path = _file(tmp_path, ["a", "bad", "c", "d", "bad", "f", "g"])
    cut, rest = Recorder(chunks=2), Recorder()
    with pytest.raises(DependencyUnavailable):
        await _job(path).run(_convert, cut.send)
    again = _job(path, resume=True)
    assert await again.run(_convert, rest.send) == Totals(read=7, accepted=5, rejected=2)
    assert cut.sent + rest.sent == ["a", "c", "d", "f", "g"]
    assert len(again.rejects_path.read_bytes().splitlines()) == 2
    assert _names(tmp_path) == ["in.jsonl", "in.rejects.jsonl"]


async def test_rejects_written_before_a_crash_but_after_the_state_are_not_doubled(tmp_path: Path) -> None:
    path = _file(tmp_path, ["a", "b", "bad", "bad"])
    job = _job(path)
    with pytest.raises(DependencyUnavailable):
        await job.run(_convert, Recorder(chunks=0).send)
    kept = ledger.begin(path, job.rejects_path, resume=False)
    kept.settle(read=2, last_line=2, settled=Settled(2, 0))
    job.rejects_path.write_bytes(b"written, then the machine stopped\n")
    totals = await _job(path, resume=True).run(_convert, Recorder().send)
    assert totals == Totals(read=4, accepted=2, rejected=2)
    assert [orjson.loads(line)["line"] for line in job.rejects_path.read_bytes().splitlines()] == [3, 4]


async def test_a_changed_file_is_not_resumed(tmp_path: Path) -> None:
    path = _file(tmp_path, ["a", "b", "c", "d"])
    with pytest.raises(DependencyUnavailable):
        await _job(path).run(_convert, Recorder(chunks=1).send)
    _file(tmp_path, ["a", "b", "c", "e"])
    with pytest.raises(InvalidInput, match="load it again without --resume"):
        await _job(path, resume=True).run(_convert, Recorder().send)


async def test_without_resume_a_load_starts_anew(tmp_path: Path) -> None:
    path = _file(tmp_path, ["a", "bad", "c"])
    job = _job(path)
    await job.run(_convert, Recorder().send)
    assert await job.run(_convert, Recorder().send) == Totals(read=3, accepted=2, rejected=1)
    assert len(job.rejects_path.read_bytes().splitlines()) == 1


async def test_a_key_is_never_twice_in_flight(tmp_path: Path) -> None:
    path = _file(tmp_path, ["a", "a", "b", "c", "a", "d"])
    flying: list[str] = []

    async def send(items: Sequence[Item[str]]) -> Settled:
        keys = [item.key for item in items]
        assert len({*keys, *flying}) == len(keys) + len(flying)
        flying.extend(keys)
        await asyncio.sleep(0)
        for key in keys:
            flying.remove(key)
        return Settled(len(items), 0)

    assert await _job(path, unique=True).run(_convert, send) == Totals(read=6, accepted=6)


def test_totals_that_do_not_add_up_are_a_defect() -> None:
    with pytest.raises(PlatformError, match="3 rows were read, but 2 are accounted for"):
        Totals(read=3, accepted=2).check()


def test_chunks_keep_order_and_size() -> None:
    rows = [Row(n, n, n, "", {"v": str(n)}) for n in range(5)]
    assert [c.read for c in pipeline.chunks(rows, _convert, size=2, unique=False)] == [2, 2, 1]
