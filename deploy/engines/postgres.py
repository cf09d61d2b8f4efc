"""PostgreSQL 15 or later from PATH, as a cluster would run it (the embedded one comes from a wheel)."""

import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg

from deploy.engines.engine import Launch
from deploy.engines.runner import as_ordinary_user
from deploy.engines.versions import POSTGRES
from services.common.errors import DependencyUnavailable, PreconditionFailed

USER = DATABASE = "merchantcredit"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",  # every role is a process with a pool of its own
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "jit": "off",
    # Each minute autovacuum took a fifth of a core for six seconds; with longer pauses it takes less at a time.
    "autovacuum_vacuum_cost_delay": "10ms",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """PostgreSQL in a folder."""

    folder: Path
    port: int
    name: str = "postgres"
    #: PostgreSQL's fast shutdown: clients are cut off, the data are flushed.
    stop_signal: signal.Signals = signal.SIGINT

    @property
    def dsn(self) -> str:
        """Return the connection string of the platform's database."""
        return self._dsn(DATABASE)

    def prepare(self) -> Launch:
        """Make the cluster if there is none, and refuse the data of another major version."""
        server = _program("postgres")
        version = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout
        major = int(version.split()[2].split(".")[0])
        if major < POSTGRES:
            raise DependencyUnavailable(f"PostgreSQL {major} is on PATH, {POSTGRES} is needed: install postgresql-15")
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        self._check_major(major)
        options = [f"-c{name}={value}" for name, value in (SETTINGS | {"port": str(self.port)}).items()]
        return Launch(command=[server, "-D", str(self._data), *options], refuses_root=True)

    def answer(self) -> str:
        """Ask for the version, and make the platform's database if it is not there."""
        with psycopg.connect(self._dsn("postgres"), autocommit=True, connect_timeout=2) as conn:
            if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
                conn.execute(f"CREATE DATABASE {DATABASE}")
            return f"PostgreSQL {conn.info.server_version // 10000} at 127.0.0.1:{self.port}"

    @property
    def _data(self) -> Path:
        return self.folder.absolute() / "data"

    @property
    def _password_file(self) -> Path:
        return self.folder.absolute() / "password"

    def _dsn(self, database: str) -> str:
        return f"postgresql://{USER}:{self._password_file.read_text().strip()}@127.0.0.1:{self.port}/{database}"

    def _initialise(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)  # what a broken initdb left
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        command = [
            *(_program("initdb"), "-D", str(self._data), "--locale=C", "--encoding=UTF8", f"--username={USER}"),
            *("--auth=scram-sha-256", f"--pwfile={self._password_file}", "--no-instructions"),
        ]
        done = subprocess.run(as_ordinary_user(command), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            shutil.rmtree(self._data, ignore_errors=True)
            raise DependencyUnavailable(f"initdb failed: {done.stderr.strip()}")

    def _check_major(self, major: int) -> None:
        kept = (self._data / "PG_VERSION").read_text().strip()
        if kept != str(major):
            raise PreconditionFailed(
                f"the data in {self._data} are of PostgreSQL {kept}, the server on PATH is {major}: run version {kept}, "
                "or dump and load into a new folder"
            )


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        if not places:
            raise DependencyUnavailable(f"{name} is missing: install the package postgresql-15 or later")
        found = str(places[-1])
    return found
