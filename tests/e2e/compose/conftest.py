"""The composition without Docker: each container of compose.yaml as a process with its arguments, environment and files.

Only names of hosts, ports and mounts differ: a process is told the same through the addresses of this machine. The
engines are real, the databases are made by the script that the postgres image runs.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from deploy import keys
from deploy.engines.elasticsearch import Elasticsearch
from deploy.engines.kafka import Kafka
from deploy.engines.postgres import Postgres
from services.launcher.state import State
from tests.e2e.platform import ROOT
from tests.engine_fixtures import elasticsearch, kafka
from tests.engines import running
from tests.ports import free_ports
from tests.unit.deploy.composition import composition, ours
from tests.unit.deploy.containers import ONCE

__all__ = ["elasticsearch", "kafka"]
PATIENCE_SECONDS = 90.0
_OURS = re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|registry|credit|search):1850(\d)")


@dataclass
class Composed:
    """The processes by their container's name, how each is asked whether it is well, and where the keys are.

    `metrics` holds where each shows its metrics and its readiness.
    """

    processes: dict[str, subprocess.Popen[bytes]]
    metrics: Mapping[str, str]
    checks: Mapping[str, tuple[list[str], dict[str, str]]]
    keys: Path
    port_base: int

    def is_well(self, name: str) -> bool:
        """Run a container's health check."""
        command, environment = self.checks[name]
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


class Here:
    """Tells a container of the composition in this machine's own addresses."""

    def __init__(self, addresses: Mapping[str, str], told: Mapping[str, Any], folder: Path) -> None:
        self.port_base = free_ports(4)
        self._addresses = addresses
        self._told = told
        self._folder = folder
        #: Of the test's own on servers that other tests use too.
        self._space = f"c{uuid4().hex[:8]}"

    def text(self, text: str) -> str:
        """Return a text with addresses and mounts of this machine."""
        text = _OURS.sub(lambda found: f"127.0.0.1:{self.port_base + int(found[1])}", text)
        for there, here in self._addresses.items():
            text = text.replace(there, here)
        return re.sub(r"/run/secrets/(\w+)", lambda found: str(self._mounted(found[1])), text)

    def environment(self, service: Mapping[str, Any]) -> dict[str, str]:
        """Return the whole environment of a container's process."""
        told = {name: self.text(value) for name, value in service.get("environment", {}).items()}
        if "MERCHANTCREDIT_KAFKA__BOOTSTRAP" in told:
            told["MERCHANTCREDIT_KAFKA__NAMESPACE"] = f"{self._space}."
        if "MERCHANTCREDIT_ELASTICSEARCH__URL" in told:
            told["MERCHANTCREDIT_ELASTICSEARCH__PREFIX"] = self._space
        if "MERCHANTCREDIT_METRICS" in told:
            told["MERCHANTCREDIT_METRICS"] = f"127.0.0.1:{free_ports()}"
        return told | {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}"}

    def check(self, service: Mapping[str, Any]) -> list[str] | None:
        """Return the health check of a container; None when it has none."""
        told = service.get("healthcheck", {})
        if told.get("disable"):
            return None
        command = told["test"][2:] if told else ["-m", "services.common.probe", "serving"]
        return [sys.executable, *(self.text(word) for word in command)]

    def _mounted(self, secret: str) -> Path:
        """Return a secret's file; a configuration is written anew with this machine's addresses."""
        file = Path(self._told["secrets"][secret]["file"])
        if file.suffix != ".toml":
            return file
        copy = self._folder / file.name
        copy.write_text(self.text(file.read_text()))
        return copy


@pytest.fixture(scope="module")
def made_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    keys.make(State(folder, keys.PORT_BASE))
    return folder


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory, made_keys: Path) -> Iterator[str]:
    """Return HOST:PORT of a server on which the image's script has made the databases."""
    engine = Postgres(folder=tmp_path_factory.mktemp("compose-postgres"), port=free_ports(), name="compose-postgres")
    secrets = tmp_path_factory.mktemp("secrets")
    for file in (made_keys / "passwords").iterdir():
        (secrets / f"{file.name}_password").symlink_to(file)
    with running(engine):
        admin = urlsplit(engine.dsn)
        environment = {
            "PATH": os.environ["PATH"],
            "SECRETS": str(secrets),
            "POSTGRES_USER": str(admin.username),
            "PGPASSWORD": str(admin.password),
            "PGHOST": str(admin.hostname),
            "PGPORT": str(admin.port),
        }
        subprocess.run([ROOT / "deploy" / "compose" / "databases.sh"], env=environment, check=True)
        yield f"{admin.hostname}:{admin.port}"


@pytest.fixture(scope="module")
def composed(
    tmp_path_factory: pytest.TempPathFactory,
    made_keys: Path,
    databases: str,
    kafka: Kafka,
    elasticsearch: Elasticsearch,
) -> Iterator[Composed]:
    told = composition(made_keys)
    addresses = {
        "postgres:5432": databases,
        "kafka:9092": kafka.bootstrap,
        "http://elasticsearch:9200": elasticsearch.url,
    }
    here = Here(addresses, told, tmp_path_factory.mktemp("config"))
    processes: dict[str, subprocess.Popen[bytes]] = {}
    checks, metrics = {}, {}
    logs = tmp_path_factory.mktemp("logs")
    try:
        for name, service in sorted(ours(told).items(), key=lambda item: tuple(item[1]["command"][:2]) not in ONCE):
            command = [ROOT / "bin" / "merchant-credit", *(here.text(word) for word in service["command"])]
            environment = here.environment(service)
            with (logs / name).open("wb") as log:
                process = subprocess.Popen(command, env=environment, cwd=logs, stdout=log, stderr=log)
            if tuple(service["command"][:2]) in ONCE:
                assert process.wait(PATIENCE_SECONDS) == 0, (name, (logs / name).read_text()[-2000:])
                continue
            processes[name] = process
            metrics[name] = environment["MERCHANTCREDIT_METRICS"]
            check = here.check(service)
            if check is not None:
                checks[name] = (check, environment)
        composed = Composed(processes, metrics, checks, made_keys, here.port_base)
        _wait_until_well(composed, logs)
        yield composed
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait(PATIENCE_SECONDS)


def _wait_until_well(composed: Composed, logs: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    for name in composed.checks:
        while not composed.is_well(name):
            assert time.monotonic() < deadline, (name, (logs / name).read_text()[-2000:])
            time.sleep(0.2)
