"""Starts PostgreSQL and the three processes, starts again what dies, and stops all in order."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from types import TracebackType
from typing import Self

import structlog

from services.common.db.embedded import EmbeddedPostgres
from services.common.errors import DependencyUnavailable
from services.launcher.state import POSTGRES, ROLES, Endpoints, State

READY_SECONDS = 60
STOP_SECONDS = 15
#: So many restarts of one process within a minute mean that it cannot run at all.
MAX_RESTARTS = 10

log = structlog.get_logger()


class Supervisor:
    """The running system of one state folder; a context manager that leaves no process behind."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._postgres = EmbeddedPostgres(state.postgres, state.port(POSTGRES))
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._restarts: deque[float] = deque(maxlen=MAX_RESTARTS)
        self.stop = threading.Event()

    def __enter__(self) -> Self:
        """Return the supervisor; nothing runs yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the processes, then PostgreSQL."""
        self._stop_children()
        self._postgres.stop()

    def start(self) -> Endpoints:
        """Start all parts and return where they answer; raises what keeps one from starting."""
        self._state.lock()
        self._postgres.end_former()
        self._state.check_ports()
        self._postgres.start()
        self._migrate()
        endpoints = self._state.write_endpoints(self._postgres.dsn)
        for role in ROLES:
            self._spawn(role)
        for role in ROLES:
            self._await_ready(role)
        return endpoints

    def watch(self) -> None:
        """Watch until told to stop; what dies is started again, and everything after the database."""
        while not self.stop.wait(0.2):
            if not self._postgres.is_running:
                log.warning("postgres_died")
                self._note_restart()
                self._stop_children()
                self._postgres.start()
            for role, child in list(self._children.items()):
                if child.poll() is not None:
                    log.warning("process_died", role=role, code=child.returncode)
                    self._note_restart()
                    self._spawn(role)
                    self._await_ready(role)

    def _migrate(self) -> None:
        """Bring the database to the newest schema, in a process that takes its libraries along when it ends."""
        environment = {**os.environ, "MERCHANTCREDIT_DSN": self._postgres.dsn}
        command = [sys.executable, "-m", "services.common.db.migrate"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
        if done.returncode != 0:
            raise DependencyUnavailable(f"the database could not be migrated: {done.stderr.strip()[-500:]}")

    def _note_restart(self) -> None:
        now = time.monotonic()
        if len(self._restarts) == MAX_RESTARTS and now - self._restarts[0] < 60:
            raise DependencyUnavailable(f"a process dies again and again: see {self._state.logs}")
        self._restarts.append(now)

    def _spawn(self, role: str) -> None:
        command = [sys.executable, "-m", "services.launcher", "child", role]
        command += ["--state-dir", str(self._state.folder), "--port-base", str(self._state.port_base)]
        environment = {**os.environ, "MERCHANTCREDIT_DSN": self._postgres.dsn, "MALLOC_ARENA_MAX": "2"}
        with (self._state.logs / f"{role}.log").open("ab") as errors:
            self._children[role] = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )

    def _await_ready(self, role: str) -> None:
        child = self._children[role]
        timer = threading.Timer(READY_SECONDS, child.kill)
        timer.start()
        line = child.stdout.readline() if child.stdout else b""
        timer.cancel()
        if line != b"ready\n" and not self.stop.is_set():
            raise DependencyUnavailable(f"{role} did not start: see {self._state.logs / f'{role}.log'}")

    def _stop_children(self) -> None:
        for child in self._children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self._children.values():
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
