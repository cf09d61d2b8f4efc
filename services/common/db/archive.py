"""Backups of a PostgreSQL server: a copy of its data now and then, and its write-ahead log as it is written.

    <archive>/base/<time>/    one copy, whole in itself
    <archive>/wal/            the log, segment by segment; the one that is being written ends in .partial
    <archive>/epoch           the highest epoch that a restore from here has begun

The log is streamed, not copied segment by segment when full: what is lost with the server is what was not yet on the
wire, and no setting of the server changes. Both keep the modes 0700: they hold what the database holds.
"""

import os
import subprocess
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from services.common.db import programs
from services.common.errors import DependencyUnavailable

#: The server keeps the log for the archive under this name while nobody streams it: look at its disk.
SLOT = "merchantcredit_archive"


def bases(archive: Path) -> Path:
    """Return where the copies lie."""
    return archive / "base"


def wal(archive: Path) -> Path:
    """Return where the log lies."""
    return archive / "wal"


def copy_base(dsn: str, archive: Path, now: datetime) -> Path:
    """Copy a running server's data into the archive and return the folder; what is cut off leaves none behind.

    Raises DependencyUnavailable when the server or the program for it cannot be had.
    """
    target = bases(archive) / now.strftime("%Y%m%dT%H%M%SZ")
    unfinished = target.with_suffix(".unfinished")
    bases(archive).mkdir(parents=True, exist_ok=True, mode=0o700)
    program = programs.client("pg_basebackup", _server_major(dsn))
    command = [program, f"--pgdata={unfinished}", "--wal-method=stream", "--checkpoint=fast", "--no-password"]
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL
        [*command, f"--dbname={_without_password(dsn)}"],
        env=_environment(dsn),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DependencyUnavailable(f"the base backup failed: {done.stderr.strip()}")
    return unfinished.rename(target)


def stream_command(dsn: str, archive: Path) -> tuple[list[str], dict[str, str]]:
    """Return the command, and its environment, that streams the log into the archive until it is stopped.

    Started again it goes on where it stopped: the server keeps what it has not sent. Raises as `copy_base` does.
    """
    wal(archive).mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [
        programs.client("pg_receivewal", _server_major(dsn)),
        *(f"--directory={wal(archive)}", f"--slot={SLOT}", "--synchronous", "--no-password"),
        f"--dbname={_without_password(dsn)}",
    ]
    make = subprocess.run(  # noqa: S603 - a program of PostgreSQL
        [*command[:1], *command[2:3], "--create-slot", "--if-not-exists", *command[4:]],
        env=_environment(dsn), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if make.returncode != 0:
        raise DependencyUnavailable(f"the server gives no slot for the archive: {make.stderr.strip()}")
    return command, _environment(dsn)


def held_bytes(conn: psycopg.Connection) -> int:
    """Return how much of the log the server keeps because the archive has not taken it; 0 where there is no archive."""
    row = conn.execute(
        "SELECT coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::int8"
        " FROM pg_replication_slots WHERE slot_name = %s",
        [SLOT],
    ).fetchone()
    return int(row[0]) if row else 0


def _server_major(dsn: str) -> int:
    try:
        with psycopg.connect(dsn, connect_timeout=5) as conn:
            return conn.info.server_version // 10000
    except psycopg.OperationalError as error:
        raise DependencyUnavailable(f"the server does not answer: {str(error).splitlines()[0]}") from error


def _without_password(dsn: str) -> str:
    return make_conninfo("", **{name: value for name, value in conninfo_to_dict(dsn).items() if name != "password"})


def _environment(dsn: str) -> dict[str, str]:
    """Give the password by the environment: everybody can read the arguments of a process."""
    password = conninfo_to_dict(dsn).get("password")
    return {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
