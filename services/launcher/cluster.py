"""`make run-cluster`: the same system as processes of their own on real engines that run already."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
import psycopg
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from psycopg import sql
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from services.common.errors import DependencyUnavailable
from services.common.eventlog.topics import KEYED
from services.launcher.state import Endpoints, State

REGISTRY, CREDIT, SEARCH, PAGE = range(4)
SERVICES = ("registry", "credit", "search")
#: Ports from here on show the metrics of the processes, in the order of `processes`.
METRICS = PAGE + 1
READY_SECONDS = 120
STOP_SECONDS = 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """Where the engines are: Kafka's HOST:PORT, Elasticsearch's URL, and the DSN of any database of the server."""

    kafka: str
    elasticsearch: str
    dsn: str
    namespace: str = ""


def processes(cores: int) -> Sequence[tuple[str, str, int]]:
    """Return what runs beside its engines on one machine: each role of a service, and how many of it.

    Consumers share the partitions: one for each two cores, because what follows a batch, and the engines, take as much as
    it does. Two of them on two cores make twice as many batches, half as large, and are no sooner (decision 0084, which has
    no figures of more cores). Of relays the second waits.
    """
    consumers = min(max(1, cores // 2), KEYED)
    return (
        ("registry", "serve", 1), ("registry", "relay", 1),
        ("credit", "serve", 1), ("credit", "consume", consumers), ("credit", "relay", 2), ("credit", "webhooks", 1),
        ("search", "project", 1), ("search", "serve", 1), ("search", "relay", 1),
        ("portal", "serve", 1),
    )  # fmt: skip


class Cluster:
    """All processes of a system on engines; a context manager that leaves none of its own behind."""

    def __init__(self, state: State, engines: Engines) -> None:
        self._state = state
        self._engines = engines
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.stop = threading.Event()

    def __enter__(self) -> Self:
        """Return the cluster; nothing runs yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the processes; the engines stay."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self) -> Endpoints:
        """Migrate, start everything, and wait until it serves; raises what keeps it from starting."""
        self._state.lock()
        names = list(self._names())
        self._state.check_ports(range(METRICS + len(names)))
        endpoints = self._write()
        for service in SERVICES:
            self._migrate(service)
        for name in names:
            self._spawn(name)
        for which in (REGISTRY, CREDIT, SEARCH):
            self._wait_for(_serves, self._state.address(which))
        self._wait_for(_listens, self._state.address(PAGE))
        return endpoints

    def watch(self) -> None:
        """Watch until told to stop; what dies is started again."""
        while not self.stop.wait(0.5):
            for name, process in list(self._running.items()):
                if process.poll() is not None:
                    log.warning("process_died", name=name, code=process.returncode)
                    self._spawn(name)

    @property
    def processes(self) -> Mapping[str, subprocess.Popen[bytes]]:
        """Return what runs, by service, role and number."""
        return self._running

    @property
    def metrics(self) -> Mapping[str, str]:
        """Return where each process shows its metrics and health."""
        return {name: self._state.address(METRICS + n) for n, name in enumerate(self._names())}

    @property
    def dsns(self) -> Mapping[str, str]:
        """Return the database of each service."""
        return {service: self._dsn(service) for service in SERVICES}

    @staticmethod
    def _names() -> Iterator[str]:
        running = processes(len(os.sched_getaffinity(0)))
        return (f"{service}-{role}-{n}" for service, role, count in running for n in range(count))

    def _write(self) -> Endpoints:
        """Write the addresses, and a configuration for each service; make its database if there is none."""
        addresses = {name: self._state.address(which) for which, name in enumerate((*SERVICES, "portal"))}
        endpoints = self._state.write_endpoints(
            self._dsn("credit"),
            registry=addresses["registry"], credit=addresses["credit"],
            search=addresses["search"], portal=addresses["portal"],
        )  # fmt: skip
        self._state.complainant_key()
        for service in SERVICES:
            _make_database(self._engines.dsn, self._database(service))
            self._config(service).write_text(self._service_config(service, addresses[service]))
        others = "".join(f'{service} = "{addresses[service]}"\n' for service in SERVICES)
        self._config("portal").write_text(f'listen = "{addresses["portal"]}"\n{others}')
        return endpoints

    def _service_config(self, service: str, address: str) -> str:
        keys = self._state.folder / "keys"
        lines = [f'dsn = "{self._dsn(service)}"', f'listen = "{address}"', f'token_key = "{self._state.key_file}"']
        if service == "credit":
            lines.append(f'complainant_key = "{keys / "complainants.key"}"')
        namespace = self._engines.namespace
        lines += ["[kafka]", f'bootstrap = "{self._engines.kafka}"', f'namespace = "{namespace}"']
        if service == "search":
            prefix = f"{namespace.replace('.', '-')}merchantcredit-record"
            lines += ["[elasticsearch]", f'url = "{self._engines.elasticsearch}"', f'prefix = "{prefix}"']
        return "\n".join([*lines, ""])

    def _database(self, service: str) -> str:
        return f"{self._engines.namespace.replace('.', '_')}{service}"

    def _dsn(self, service: str) -> str:
        return f"{self._engines.dsn.rpartition('/')[0]}/{self._database(service)}"

    def _config(self, service: str) -> Path:
        return self._state.folder / f"{service}.toml"

    def _command(self, service: str, role: str) -> list[str]:
        return [sys.executable, "-m", f"services.{service}", role, "--config", str(self._config(service))]

    def _migrate(self, service: str) -> None:
        command = self._command(service, "migrate")
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
        if done.returncode != 0:
            raise DependencyUnavailable(f"{service} could not be migrated: {done.stderr.strip()[-500:]}")

    def _spawn(self, name: str) -> None:
        service, role, _ = name.split("-")
        command = [sys.executable, "-m", "services.common.db.postmaster", *self._command(service, role)]
        environment = {**os.environ, "MERCHANTCREDIT_METRICS": self.metrics[name]}
        with self._state.log_file(name).open("ab") as errors:
            self._running[name] = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command, stdout=errors, stderr=errors, stdin=subprocess.DEVNULL, env=environment, start_new_session=True
            )

    @staticmethod
    def _wait_for(holds: Callable[[str], bool], address: str) -> None:
        waiting = Retrying(
            retry=retry_if_result(lambda found: not found), stop=stop_after_delay(READY_SECONDS), wait=wait_fixed(0.2)
        )
        waiting(holds, address)


def _make_database(dsn: str, name: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        if conn.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _serves(address: str) -> bool:
    """Tell whether a gRPC server says of itself that it serves."""
    with grpc.insecure_channel(address) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=2)  # type: ignore[attr-defined]  # its stub has no types
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
