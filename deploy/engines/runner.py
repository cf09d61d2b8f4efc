"""Starts an engine, waits until it has answered a real request, and stops it; state is a pid file beside its data."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.engines.engine import Engine, Launch
from services.common.errors import DependencyUnavailable

START_SECONDS = 120.0
STOP_SECONDS = 40.0
PORT_SECONDS = 10.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An engine that answers: its process, what it said, and after how many seconds (0 when it already ran)."""

    pid: int
    said: str
    seconds: float


def start(engine: Engine, *, dies_with_parent: bool = False) -> Running:
    """Start an engine unless it runs, and wait until it answers.

    With `dies_with_parent` the calling thread's end stops it, whatever way that comes.
    Raises DependencyUnavailable naming what is missing, the port that is taken, or the log of a server that stopped.
    """
    began = time.monotonic()
    pid = running_pid(engine)
    if pid is None:
        launch = engine.prepare()
        _require_free(engine)
        pid = _spawn(engine, launch, dies_with_parent=dies_with_parent)
    said = _wait_for_answer(engine, pid)
    return Running(pid=pid, said=said, seconds=time.monotonic() - began)


def stop(engine: Engine) -> bool:
    """Stop an engine cleanly, and wait for its end; tells whether it ran."""
    pid = running_pid(engine)
    if pid is None:
        return False
    os.kill(pid, engine.stop_signal)
    deadline = time.monotonic() + STOP_SECONDS
    while running_pid(engine) is not None:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
    _pid_file(engine).unlink(missing_ok=True)
    return True


def running_pid(engine: Engine) -> int | None:
    """Return the process of an engine; None when it does not run, also when its pid now belongs to another."""
    try:
        pid, started = _pid_file(engine).read_text().split()
    except FileNotFoundError:
        return None
    return int(pid) if _start_time(int(pid)) == started else None


def _spawn(engine: Engine, launch: Launch, *, dies_with_parent: bool) -> int:
    death_signal = engine.stop_signal if dies_with_parent else 0
    command = [sys.executable, "-m", "deploy.engines.child", str(int(death_signal)), *launch.command]
    engine.folder.mkdir(parents=True, exist_ok=True)
    with log_file(engine).open("ab") as log:
        process = subprocess.Popen(
            as_ordinary_user(command) if launch.refuses_root else command,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | launch.environment,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    _pid_file(engine).write_text(f"{process.pid} {_start_time(process.pid)}\n")
    return process.pid


def as_ordinary_user(command: list[str]) -> list[str]:
    """Return the command as root must run it for a server that refuses root: files stay root's, no user is made."""
    if os.geteuid() != 0:
        return command
    inside = ["unshare", "-U", "--map-user=1000", "--map-group=1000", "--"]
    if subprocess.run([*inside, "true"], capture_output=True, check=False).returncode != 0:
        raise DependencyUnavailable("user namespaces are forbidden here: run the engines as an ordinary user, not root")
    return [*inside, *command]


def _wait_for_answer(engine: Engine, pid: int) -> str:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return engine.answer()
        except Exception as silence:
            if not _is_alive(pid):
                raise DependencyUnavailable(f"{engine.name} stopped: {_last_words(engine)}") from silence
            if time.monotonic() > deadline:
                raise DependencyUnavailable(f"{engine.name} does not answer: {_last_words(engine)}") from silence
        time.sleep(POLL_SECONDS)


def _require_free(engine: Engine) -> None:
    """Wait a moment for the port: a server that was just killed holds it until its last thread is gone."""
    deadline = time.monotonic() + PORT_SECONDS
    while not _is_free(engine.port):
        if time.monotonic() > deadline:
            raise DependencyUnavailable(
                f"port {engine.port} for {engine.name} is taken: set ENGINES_PORT_BASE to a free range"
            )
        time.sleep(POLL_SECONDS)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _is_alive(pid: int) -> bool:
    return _start_time(pid) is not None


def _start_time(pid: int) -> str | None:
    """Return when a process started, in ticks: with it a pid names one process only; None when it is gone.

    A zombie is gone too: it holds nothing any more, and only waits for its parent, which may be this process.
    """
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return None
    return None if state == "Z" else rest[18]


def _pid_file(engine: Engine) -> Path:
    return engine.folder / "pid"


def log_file(engine: Engine) -> Path:
    """Return where the server's output goes."""
    return engine.folder / "server.log"


def _last_words(engine: Engine) -> str:
    words = log_file(engine).read_text(errors="replace").splitlines()[-15:]
    return "\n".join([f"see {log_file(engine)}", *words])
