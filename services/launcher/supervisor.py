"""Starts PostgreSQL and the three processes, starts again what dies, and stops all in order.

The processes are forks of this one, which has imported all that they run: so they share the memory of it, and start at
once. Nothing here may start a thread or open a channel before them.
"""

import gc
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections import deque
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

import structlog

from services.common.db.embedded import EmbeddedPostgres
from services.common.errors import DependencyUnavailable
from services.launcher.child import run_child
from services.launcher.lean import give_back, keep_lean
from services.launcher.state import PORTAL, POSTGRES, ROLES, SERVE, Endpoints, State

READY_SECONDS = 60
STOP_SECONDS = 15
#: So many restarts of one process within a minute mean that it cannot run at all.
MAX_RESTARTS = 10

_FORK = multiprocessing.get_context("fork")
log = structlog.get_logger()


class Supervisor:
    """The running system of one state folder; a context manager that leaves no process behind."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._postgres = EmbeddedPostgres(state.postgres, state.port(POSTGRES))
        self._children: dict[str, BaseProcess] = {}
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
        grpc, page = self._state.address(SERVE), self._state.address(PORTAL)
        endpoints = self._state.write_endpoints(
            self._postgres.dsn, registry=grpc, credit=grpc, search=grpc, portal=page
        )
        _load_what_children_run()
        self._spawn_all()
        return endpoints

    def watch(self) -> None:
        """Watch until told to stop; what dies is started again, and everything after the database."""
        while not self.stop.wait(0.2):
            if not self._postgres.is_running:
                log.warning("postgres_died")
                self._note_restart()
                self._stop_children()
                self._postgres.start()
                self._spawn_all()
            for role, child in list(self._children.items()):
                if not child.is_alive():
                    log.warning("process_died", role=role, code=child.exitcode)
                    self._note_restart()
                    self._spawn(role)

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

    def _spawn_all(self) -> None:
        for role in ROLES:
            self._spawn(role)

    def _spawn(self, role: str) -> None:
        """Fork a process and wait until it says that it is ready."""
        ours, theirs = _FORK.Pipe(duplex=False)
        child = _FORK.Process(target=run_child, args=(role, self._state, self._postgres.dsn, theirs), name=role)
        child.start()
        theirs.close()
        self._children[role] = child
        if not _says_ready(ours) and not self.stop.is_set():
            raise DependencyUnavailable(f"{role} did not start: see {self._state.log_file(role)}")

    def _stop_children(self) -> None:
        for child in self._children.values():
            child.terminate()
        for child in self._children.values():
            child.join(STOP_SECONDS)
            if child.is_alive():
                child.kill()
                child.join()


def _load_what_children_run() -> None:
    """Import the roles, and set aside what was made: no sweep of the collector writes to it, so its pages stay shared."""
    keep_lean()
    for role in ROLES:
        import_module(f"services.launcher.{role}")
    for service in ("credit", "search"):
        import_module(f"services.{service}.bootstrap").preload()
    gc.collect()
    give_back()
    gc.freeze()


def _says_ready(pipe: Connection) -> bool:
    try:
        return pipe.poll(READY_SECONDS) and bool(pipe.recv())
    except EOFError:
        return False
