"""A server that is lost comes back as it was at the last archived record, on both majors, in an epoch of its own."""

import hashlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import psycopg
import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from deploy.engines import runner
from deploy.engines.postgres import Postgres
from services.common.auth import seals
from services.common.db.archive import held_bytes
from services.common.db.embedded import EmbeddedPostgres
from services.common.db.migrate import migrate
from services.common.db.restore import restore
from services.common.errors import CursorExpired, NotFound, PreconditionFailed
from services.common.eventlog.topics import GRADE_CHANGE
from services.common.eventlog.watch import Watched, watch
from services.credit.adapters.case_vault import CaseVault
from services.credit.adapters.complainant_store import ComplainantStore
from services.credit.application.complainants import Action, Audit
from tests.engines import running
from tests.integration.credit.webhooks.hooks import Hooks
from tests.integration.credit.webhooks.receiver import Got, Receiver
from tests.integration.credit.world import CODE, KEY, NOW, complaint, enterprise, told, violation, volume, world
from tests.ports import free_ports

PATIENCE_SECONDS = 60
_TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename NOT IN ('epoch', 'lease') ORDER BY 1
"""
#: Tables of which the comparison would say nothing if nobody filled them.
FILLED = {
    f"credit.{name}"
    for name in (
        "case_key", "complainant_audit", "vault",
        "webhook", "webhook_attempt", "webhook_lane", "webhook_message", "webhook_position",
    )
}  # fmt: skip
CASE = "complaint://12315.test:c1"
_ALL = "SELECT count(*), md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM {} AS t"
_EMPTY = (0, hashlib.md5(b"", usedforsecurity=False).hexdigest())


@dataclass(frozen=True)
class Server:
    """A server that the test starts, kills, and starts again on a folder."""

    dsn: str
    folder: Path
    kill: Callable[[], None]
    start: Callable[[], object]


@contextmanager
def embedded(folder: Path) -> Iterator[Server]:
    server = EmbeddedPostgres(folder, free_ports(1))
    server.start()

    def kill() -> None:
        assert server.process is not None
        server.process.send_signal(signal.SIGQUIT)  # PostgreSQL's immediate shutdown: nothing is written any more
        server.process.wait()

    yield Server(server.dsn, folder, kill, server.start)
    server.stop()


@contextmanager
def of_cluster(folder: Path) -> Iterator[Server]:
    engine = Postgres(folder=folder, port=free_ports())
    with running(engine):
        dead = _Immediate(folder=folder, port=engine.port)
        yield Server(
            engine.dsn, folder, lambda: runner.stop(dead) and None, lambda: runner.start(engine, dies_with_parent=True)
        )


class _Immediate(Postgres):
    """The same engine, stopped as by a loss of power."""

    stop_signal = signal.SIGQUIT


@pytest.fixture(params=[embedded, of_cluster], ids=["embedded", "cluster"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with request.param(tmp_path / "server") as made:
        migrate(made.dsn)
        yield made


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@contextmanager
def archiving(dsn: str, archive: Path) -> Iterator[None]:
    """Stream the log; at the end all that was written until then is in the archive."""
    command = [sys.executable, "-m", "services.cli", "backup", "wal", "--archive", str(archive), "--dsn", dsn]
    streaming = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
        with psycopg.connect(dsn, autocommit=True) as conn:
            row = conn.execute("SELECT pg_current_wal_lsn()").fetchone()
            assert row is not None
            arrived = "SELECT coalesce(bool_or(flush_lsn >= %s::pg_lsn), false) FROM pg_stat_replication"
            until(lambda: bool(conn.execute(arrived, [row[0]]).fetchone() == (True,)))
    finally:
        streaming.send_signal(signal.SIGINT)
        streaming.wait()


def until(holds: Callable[[], bool]) -> None:
    Retrying(retry=retry_if_result(lambda it: not it), stop=stop_after_delay(PATIENCE_SECONDS), wait=wait_fixed(0.05))(
        holds
    )


def everything(dsn: str) -> dict[str, tuple[object, ...] | None]:
    """Return a count and a digest of each table."""
    with psycopg.connect(dsn) as conn:
        names = [name for (name,) in conn.execute(_TABLES)]
        return {name: conn.execute(_ALL.format(name)).fetchone() for name in names}  # type: ignore[call-overload]


def not_archived(dsn: str) -> int:
    with psycopg.connect(dsn) as conn:
        return held_bytes(conn)


async def first(dsn: str, cursor: str) -> Watched:
    watching = watch(dsn, GRADE_CHANGE, cursor)
    try:
        return await anext(watching)
    finally:
        await watching.aclose()  # type: ignore[attr-defined]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def a_complainant_is_read(dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        vault = ComplainantStore(conn, CaseVault(KEY))
        why = {"subject": "clerk", "office": "o1", "purpose": "调解需要联系", "at": NOW}
        vault.audit(Audit(complaint_id=CASE, action=Action.READ, **why))
        (told,) = vault.read(CASE)
    assert "王五".encode() in told.details


def a_message_is_taken_and_one_is_not(hooks: Hooks, receiver: Receiver) -> list[Got]:
    """Subscribe to all that is said; returns what was taken over."""
    webhook_id = hooks.subscribe(receiver.url)
    with hooks.sending():
        until(lambda: hooks.find(webhook_id).last_number > 0 and hooks.waiting(webhook_id) == (0, 0))
    taken = receiver.taken()
    receiver.answer = lambda _: 500
    hooks.tell(CODE)
    with hooks.sending():
        until(lambda: hooks.waiting(webhook_id) == (1, 1))
    receiver.answer = lambda _: 204
    return taken


def sent(hooks: Hooks, receiver: Receiver, count: int) -> dict[int, str]:
    """Send what waits and so many more; returns the ids of what arrived by number."""
    receiver.got.clear()
    hooks.tell(*[CODE] * count)
    with hooks.sending():
        got = receiver.until(lambda got: len({one.number for one in got}) > count)
    return {one.number: one.message_id for one in got}


async def test_a_lost_server_comes_back_as_it_was_at_the_last_archived_record(
    server: Server, receiver: Receiver, tmp_path: Path
) -> None:
    archive, hooks = tmp_path / "archive", Hooks(server.dsn)
    assert not_archived(server.dsn) == 0
    with archiving(server.dsn, archive), world(server.dsn) as before:
        sealed = seals.seal(seals.private_key(KEY), orjson.dumps({"name": "王五", "text": "不退款"}))
        before.tell(told(enterprise(), "e1"), told(complaint("c1", sealed_details=sealed), "c1"))
        done = run("backup", "base", "--archive", str(archive), "--dsn", server.dsn)
        assert done.returncode == 0, done.stderr
        before.tell(told(violation("v1"), "v1"), told(volume("2026-05", 9000), "n1"))
        a_complainant_is_read(server.dsn)
        taken = a_message_is_taken_and_one_is_not(hooks, receiver)
    archived = everything(server.dsn)
    assert {name for name in FILLED if archived[name] != _EMPTY} == FILLED
    common = await first(server.dsn, "")
    with world(server.dsn) as lost:
        lost.tell(*(told(violation(f"v{n}", fine_fen=900_000_000), f"v{n}") for n in range(2, 9)))
    in_lost_future = sent(hooks, receiver, 2)
    future = await first(server.dsn, "")
    assert len(future.records) > len(common.records) > 0
    assert everything(server.dsn) != archived
    assert not_archived(server.dsn) > 0
    server.kill()
    (server.folder / "data").rename(tmp_path / "lost")

    data = ["--data", str(server.folder / "data")]
    done = run("restore", "--archive", str(archive), *data, "--dsn", server.dsn)
    assert done.returncode == 0, done.stderr
    assert "epoch 2 has begun" in done.stdout
    server.start()
    assert everything(server.dsn) == archived
    again = run("restore", "--archive", str(archive), *data, "--dsn", server.dsn)
    assert again.returncode == 2
    assert "is not empty" in again.stderr
    a_complainant_is_read(server.dsn)
    await a_cursor_of_the_lost_future_names_where_to_resume(server.dsn, future.cursor, len(common.records))
    a_new_message_has_no_id_of_the_lost_future(in_lost_future, sent(hooks, receiver, 2), len(taken))


def a_new_message_has_no_id_of_the_lost_future(lost: dict[int, str], now: dict[int, str], taken: int) -> None:
    """What both histories hold keeps its id; a number that is given again is another message."""
    waited = taken + 1
    assert min(now) == min(lost) == waited
    assert now.pop(waited) == lost[waited]
    assert len(now.keys() & lost.keys()) > 1
    assert not {*now.values()} & {*lost.values()}


async def a_cursor_of_the_lost_future_names_where_to_resume(dsn: str, lost: str, known: int) -> None:
    with pytest.raises(CursorExpired) as refused:
        await first(dsn, lost)
    resume = refused.value.metadata["resume_cursor"]
    assert (await first(dsn, resume)).records == []
    with world(dsn) as after:
        after.tell(*(told(violation(f"w{n}", fine_fen=900_000_000), f"w{n}") for n in range(2, 9)))
    seen = await first(dsn, resume)
    assert {record.key for record in seen.records} == {CODE}
    assert seen.records == (await first(dsn, "")).records[known:]


def test_a_damaged_or_absent_copy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="holds no finished copy"):
        restore(tmp_path / "nothing", tmp_path / "data", "postgresql://")
    full = tmp_path / "full"
    (full / "x").mkdir(parents=True)
    (tmp_path / "archive" / "base" / "20260101T000000Z").mkdir(parents=True)
    with pytest.raises(PreconditionFailed, match="is not empty"):
        restore(tmp_path / "archive", full, "postgresql://")
