"""The commands that touch the event log, against a real one."""

import io
from pathlib import Path
from types import SimpleNamespace

import orjson
import psycopg
import pytest

from services.cli.app import main
from services.common.eventlog import outbox, reader
from services.common.eventlog.port import Message, Record, TopicPartition
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import COMPLAINT, TOPICS, VOLUME, dead_letter_topic

SAMPLES = Path(__file__).parents[3] / "samples"
CODE = "91520100MAY0988867"
LINE = {"credit_code": CODE, "platform_code": "p1", "month": "2026-01", "orders": 5}
LETTERS = dead_letter_topic(VOLUME, "credit.work")


@pytest.fixture
def state_dir(dsn: str, tmp_path: Path) -> Path:
    (tmp_path / "endpoints.json").write_bytes(orjson.dumps({"dsn": dsn, "tokens": {"regulator": "t"}}))
    return tmp_path


def _run(*arguments: str, code: int = 0) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == code


def _records(dsn: str, topic: str) -> list[Record]:
    Sequencer(dsn).sequence_once()
    with psycopg.connect(dsn) as conn:
        starts = {TopicPartition(topic, p): 0 for p in range(TOPICS[topic].partitions)}
        return reader.read(conn, starts, 100_000)


def _typed(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text)))


@pytest.mark.parametrize("kind", ["complaints", "violations", "volumes"])
def test_a_sample_loads_and_loading_it_again_repeats_the_same_events(dsn: str, state_dir: Path, kind: str) -> None:
    lines = len((SAMPLES / f"{kind}.jsonl").read_bytes().splitlines())
    topic = COMPLAINT.replace("complaint", kind.removesuffix("s"))
    _run("load", kind, str(SAMPLES / f"{kind}.jsonl"), "--state-dir", str(state_dir))
    once = {(r.headers["ce_source"], r.headers["ce_id"], r.value) for r in _records(dsn, topic)}
    _run("load", kind, str(SAMPLES / f"{kind}.jsonl"), "--dsn", dsn, "--state-dir", str(state_dir))
    records = _records(dsn, topic)
    assert len(records) == 2 * lines
    assert {(r.headers["ce_source"], r.headers["ce_id"], r.value) for r in records} == once


def test_control_totals_and_rejects(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = state_dir / "some.csv"
    path.write_text(f"统一社会信用代码,平台,月份,orders\n{CODE},p1,2026-01,5\n{CODE},p1,2026-14,5\n")
    _run("load", "volumes", str(path), "--source", "//office.example", "--state-dir", str(state_dir))
    assert "read 2 = accepted 1 + unchanged 0 + rejected 1" in capsys.readouterr().out
    rejected = orjson.loads((state_dir / "loads" / "some.csv.rejects.jsonl").read_bytes())
    assert (rejected["line"], rejected["field"]) == (3, "month")


def test_put_and_tail(
    dsn: str, state_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _typed(monkeypatch, orjson.dumps(LINE) + b"\n\n" + orjson.dumps(LINE | {"orders": 6}))
    _run("topic", "put", "volume", "--state-dir", str(state_dir))
    assert len(_records(dsn, VOLUME)) == 2
    capsys.readouterr()
    _run("topic", "tail", "volume", "--from-start", "--count", "2", "--json", "--state-dir", str(state_dir))
    found = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["data"]["orders"] for record in found] == ["5", "6"]
    assert found[0]["headers"]["ce_source"] == "//cli.example"


def test_put_is_all_or_none(
    dsn: str, state_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _typed(monkeypatch, orjson.dumps(LINE) + b"\n" + orjson.dumps(LINE | {"orders": -6}))
    _run("topic", "put", "volume", "--state-dir", str(state_dir), code=2)
    assert _records(dsn, VOLUME) == []
    assert capsys.readouterr().err == "error: orders: '-6' is no count: write 0 to 1000000000\n"


def test_raw_lines_are_put_as_they_are_and_shown_as_json(
    dsn: str, state_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _typed(monkeypatch, b'{"any": "thing"}\n')
    _run("topic", "put", "volume", "--raw", "--key", "k", "--state-dir", str(state_dir))
    assert [r.value for r in _records(dsn, VOLUME)] == [b'{"any": "thing"}']
    _run("topic", "tail", "volume", "--from-start", "--count", "1", "--state-dir", str(state_dir))
    assert 'k  {"any":"thing"}' in capsys.readouterr().out


def test_the_list_counts_records(
    dsn: str, state_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _typed(monkeypatch, orjson.dumps(LINE))
    _run("topic", "put", "volume", "--state-dir", str(state_dir))
    _records(dsn, VOLUME)
    capsys.readouterr()
    _run("topic", "list", "--dsn", dsn)
    counts = {line.split()[0]: line.split()[1] for line in capsys.readouterr().out.splitlines()}
    assert counts.keys() == TOPICS.keys()
    assert (counts[VOLUME], counts[COMPLAINT]) == ("1", "0")


def _bury(dsn: str) -> Message:
    first = Message(topic=VOLUME, key=CODE, value=b"\xff", headers={"ce_id": "e1", "ce_source": "//p.example"})
    added = {"dlq_topic": VOLUME, "dlq_offset": "7", "dlq_reason": "INVALID_FIELD", "dlq_description": "orders: no"}
    letter = Message(topic=LETTERS, key=CODE, value=first.value, headers={**first.headers, **added})
    with psycopg.connect(dsn) as conn:
        outbox.append(conn, [letter])
    Sequencer(dsn).sequence_once()
    return first


def test_dead_letters_are_listed_shown_and_replayed_as_they_first_came(
    dsn: str, state_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = _bury(dsn)
    at = ("--state-dir", str(state_dir))
    _run("dead-letters", "list", *at)
    assert f"{LETTERS}@0  //p.example e1  INVALID_FIELD: orders: no\n1 dead letters" in capsys.readouterr().out
    _run("dead-letters", "show", f"{LETTERS}@0", *at)
    assert orjson.loads(capsys.readouterr().out)["data"] == {"base64": "/w=="}
    _run("dead-letters", "replay", f"{LETTERS}@0", *at)
    _run("dead-letters", "replay", "--all", *at)
    replayed = _records(dsn, VOLUME)
    assert len(replayed) == 2
    assert all((r.key, r.value, r.headers) == (first.key, first.value, first.headers) for r in replayed)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("topic", "tail", "nope"), "'nope' is no topic"),
        (("topic", "tail", "intake"), "'intake' is part of several"),
        (("dead-letters", "show", "x@1"), "write TOPIC@OFFSET"),
        (("dead-letters", "show", f"{LETTERS}@5"), "no dead letter at"),
        (("dead-letters", "replay"), "name the dead letters to replay, or give --all"),
        (("topic", "put", "record", "--file", str(SAMPLES / "volumes.jsonl")), "is no intake topic"),
        (("topic", "put", "volume", "--file", "/nowhere"), "No such file"),
        (("load", "registry", str(SAMPLES / "registry.csv"), "--target", "127.0.0.1:1"), "does not answer"),
        (("load", "volumes", str(SAMPLES / "registry.csv")), "no column for platform_code"),
    ],
)
def test_what_is_refused_is_told_in_one_line(
    state_dir: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    _run(*arguments, "--state-dir", str(state_dir), code=2)
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1


def test_no_platform_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run("topic", "list", "--state-dir", str(tmp_path), code=2)
    assert "start the platform (make run)" in capsys.readouterr().err


def test_a_database_that_does_not_answer_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    _run("topic", "list", "--dsn", "postgresql://nobody@127.0.0.1:1/none", code=2)
    assert "the event log's database does not answer" in capsys.readouterr().err
