"""Brings a backup back: lays out the data, lets PostgreSQL replay the archived log to its end, and begins a new epoch."""

import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from services.common.db import archive as places
from services.common.db import programs
from services.common.errors import DependencyUnavailable, NotFound, PreconditionFailed
from services.common.eventlog import epoch

#: A day's log is replayed within minutes; a server that has not come up after so long is looked at by a person.
REPLAY_SECONDS = 3600.0
LOOK_SECONDS = 0.2
STOP_SECONDS = 60
_WITH_FEEDS = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate"


def restore(archive: Path, data: Path, dsn: str) -> int:
    """Restore the newest copy of an archive, and all of the log that the archive holds, into a new folder.

    Returns the epoch that has begun in each database with an event log. The server is stopped again: start it as it was
    started before. `dsn` gives the user, the password and one database of the restored server. Raises NotFound without
    a copy, PreconditionFailed when the folder is not empty, DependencyUnavailable when the log cannot be replayed.
    """
    base = _newest(archive)
    if data.exists() and any(data.iterdir()):
        raise PreconditionFailed(f"{data} is not empty: move it away first, or give another folder")
    major = int((base / "PG_VERSION").read_text())
    _verify(base, major)
    shutil.copytree(base, data, dirs_exist_ok=True)
    data.chmod(0o700)
    _ask_for_replay(archive, data)
    with _replayed(data, major, dsn) as databases:
        begun = 1 + max(_highest(archive), *map(_epoch_of, databases))
        (archive / "epoch").write_text(f"{begun}\n")  # first: an epoch that was perhaps begun is not begun again
        for database in databases:
            with psycopg.connect(database) as conn:
                epoch.begin(conn, begun)
    return begun


def _newest(archive: Path) -> Path:
    finished = [path for path in places.bases(archive).glob("*Z") if path.is_dir()]
    if not finished:
        raise NotFound(
            f"{places.bases(archive)} holds no finished copy: give the folder that `backup base` wrote into",
            metadata={"resource_type": "backup", "resource_name": str(archive)},
        )
    return max(finished)


def _verify(base: Path, major: int) -> None:
    """Compare the copy with its manifest, so that a rotten one is found before it is believed."""
    command = [programs.server("pg_verifybackup", major), "--quiet", str(base)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a program of PostgreSQL
    if done.returncode != 0:
        raise DependencyUnavailable(f"the copy {base} is damaged: {done.stderr.strip()[:500]}")


def _ask_for_replay(archive: Path, data: Path) -> None:
    """Tell the server where the log is; the last segment is the one that was being written."""
    place = shlex.quote(str(places.wal(archive).absolute())).replace("'", "''").replace("%", "%%")
    command = f'cp {place}/"%f" "%p" 2>/dev/null || cp {place}/"%f.partial" "%p"'
    (data / "recovery.signal").touch(mode=0o600)
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"restore_command = '{command}'\nrecovery_target_timeline = 'latest'\n")


@contextmanager
def _replayed(data: Path, major: int, dsn: str) -> Iterator[list[str]]:
    """Run the server on this machine alone until the log is replayed; give its databases that have an event log."""
    port = _free_port()
    here = make_conninfo(dsn, host="127.0.0.1", hostaddr="127.0.0.1", port=port, sslmode="prefer")
    with (data.parent / "restore.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - a program of PostgreSQL
            _server_command(data, major, port), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        _wait_for_end(process, here, Path(log.name))
        yield _with_event_log(here)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOP_SECONDS)
    _leave_no_trace(data)


def _server_command(data: Path, major: int, port: int) -> list[str]:
    postmaster = [sys.executable, "-m", "services.common.db.postmaster", programs.server("postgres", major)]
    # Not hot: it takes connections when it is at the end of the log, and needs none of the lost server's limits.
    options = (
        f"port={port}",
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "archive_mode=off",
        "hot_standby=off",
    )
    return programs.unprivileged([*postmaster, "-D", str(data.absolute()), *(f"-c{option}" for option in options)])


def _wait_for_end(process: subprocess.Popen[bytes], dsn: str, log: Path) -> None:
    waiting = Retrying(
        retry=retry_if_exception_type(psycopg.OperationalError),
        stop=stop_after_delay(REPLAY_SECONDS),
        wait=wait_fixed(LOOK_SECONDS),
    )
    try:
        waiting(_is_at_end, process, dsn, log)
    except RetryError as error:
        raise DependencyUnavailable(f"the log is not replayed after {REPLAY_SECONDS:.0f} s: see {log}") from error


def _is_at_end(process: subprocess.Popen[bytes], dsn: str, log: Path) -> None:
    if process.poll() is not None:
        raise DependencyUnavailable(f"the log cannot be replayed: {log.read_text(errors='replace')[-500:]} (see {log})")
    psycopg.connect(dsn, connect_timeout=5).close()


def _with_event_log(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as conn:
        names = [name for (name,) in conn.execute(_WITH_FEEDS)]
    return [there for name in names if _has_event_log(there := make_conninfo(dsn, dbname=name))]


def _has_event_log(dsn: str) -> bool:
    with psycopg.connect(dsn) as conn:
        row = conn.execute("SELECT to_regclass('eventlog.epoch') IS NOT NULL").fetchone()
    return row is not None and bool(row[0])


def _epoch_of(dsn: str) -> int:
    with psycopg.connect(dsn) as conn:
        return epoch.current(conn)


def _highest(archive: Path) -> int:
    """Return the highest epoch that a restore from this archive has begun: its log need not be in the archive."""
    kept = archive / "epoch"
    return int(kept.read_text()) if kept.exists() else 0


def _leave_no_trace(data: Path) -> None:
    """Take the settings of the replay out again: the archive may move."""
    settings = data / "postgresql.auto.conf"
    ours = ("restore_command", "recovery_target_timeline")
    kept = [line for line in settings.read_text().splitlines(keepends=True) if not line.startswith(ours)]
    settings.write_text("".join(kept))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
