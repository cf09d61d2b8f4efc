"""The whole embedded system as its users start it: the launcher as a process of its own on a folder of its own."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import psycopg

from tests.ports import free_ports

ROOT = Path(__file__).parents[2]
READY = b"Ctrl-C stops it."
#: The embedded system's: gRPC, the page, PostgreSQL.
PORTS = 3


class Platform:
    """A running system."""

    def __init__(self, state: Path, port_base: int) -> None:
        self.state = state
        self.port_base = port_base
        command = [
            sys.executable,
            "-m",
            "services.launcher",
            "run",
            "--state-dir",
            str(state),
            "--port-base",
            str(port_base),
        ]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'protos/gen'}"}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, cwd=ROOT, start_new_session=True
        )
        self.output: list[bytes] = []
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)
            if READY in line:
                self._ready.set()
        self._ready.set()

    def wait_until_ready(self) -> None:
        """Wait until the addresses are printed; fails with what was printed when it ends before."""
        assert self._ready.wait(170), self.text
        assert READY.decode() in self.text, self.text

    @property
    def text(self) -> str:
        return b"".join(self.output).decode()

    @property
    def endpoints(self) -> dict[str, object]:
        return dict(orjson.loads((self.state / "endpoints.json").read_bytes()))

    @property
    def dsn(self) -> str:
        return str(self.endpoints["dsn"])

    @property
    def portal_url(self) -> str:
        return str(self.endpoints["portal"])

    @property
    def known(self) -> tuple[str, str]:
        """Return the code and name of the merchant with the most to explain."""
        from merchantcredit.credit.v1.record_pb2 import PublicRecord

        with psycopg.connect(self.dsn) as conn:
            rows = conn.execute(
                "SELECT record FROM credit.public_record ORDER BY length(record) DESC LIMIT 1"
            ).fetchall()
        record = PublicRecord.FromString(rows[0][0])
        return record.credit_code, record.name

    @property
    def known_code(self) -> str:
        return self.known[0]

    @property
    def known_name(self) -> str:
        return self.known[1]

    def processes(self) -> dict[int, str]:
        """Return the living processes of this state folder by number: the name and the words of each."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "comm").read_text() + (entry / "cmdline").read_text().replace("\0", " ")
                except OSError:
                    continue
                if str(self.state) in words:
                    found[int(entry.name)] = words
        return found

    def wait_until(self, holds: object, seconds: float = 60) -> None:
        """Wait until a condition holds; what it looks at lies in other processes, so it is asked."""
        deadline = time.monotonic() + seconds
        while not holds():  # type: ignore[operator]
            assert time.monotonic() < deadline, "the condition did not come true"
            time.sleep(0.05)

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Ask the launcher to stop and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        code = self.process.wait(60)
        self._reader.join()
        print(self.text)  # noqa: T201 - shown when a test fails
        return code


@contextmanager
def running(state: Path, port_base: int | None = None) -> Iterator[Platform]:
    platform = Platform(state, port_base or free_ports(PORTS))
    try:
        platform.wait_until_ready()
        yield platform
    finally:
        platform.stop()
