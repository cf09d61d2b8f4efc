"""A whole system that is killed piece by piece: the database, the broker, the processes; what falls by itself comes back too."""

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from multiprocessing.process import BaseProcess
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

from deploy.engines import runner
from deploy.engines.kafka import Kafka
from services.common.auth.tokens import make_key
from services.common.db.embedded import EmbeddedPostgres
from services.common.db.migrate import migrate
from services.common.errors import PlatformError
from services.common.eventlog.kafka.settings import KafkaSettings
from services.common.eventlog.kafka.topics import ensure_topics
from services.common.kernel.credit_code import check_character
from services.credit.adapters.punishment.law_files import load_law
from services.credit.config import LAW_FOLDER
from tests.chaos.processes import start
from tests.chaos.punishment.hooks import subscribe_department
from tests.chaos.punishment.office import MEASURES
from tests.chaos.punishment.processes import RUN, Job
from tests.engines import SOFTWARE
from tests.integration.credit.world import enterprise, told, violation, world
from tests.ports import free_ports

#: Five kinds of departments are bound by the measures that are ordered.
KINDS = sorted({load_law(LAW_FOLDER).measure(one, date(2026, 11, 1)).department for one in MEASURES})
DEPARTMENT_PROCESSES = 4
#: The database and the broker take seconds to come back; they are killed so much more seldom.
ENGINE_SHARE = 0.02


class Scene:
    """What runs, and what was killed."""

    def __init__(self, job: Job, postgres: EmbeddedPostgres, broker: Kafka | None, seed: int) -> None:
        self.job = job
        self._postgres, self._broker = postgres, broker
        self._random = random.Random(seed)
        self.killed: Counter[str] = Counter()
        self.fell: Counter[str] = Counter()
        self._jobs = dict(_jobs(job))
        #: Those that get their directives by webhook too.
        self.subscribers = {one.departments[0]: one.hook_port for one in self._jobs.values() if one.hook_port}
        for department, port in self.subscribers.items():
            subscribe_department(job.dsn, department, port)
        self._running: dict[str, BaseProcess] = {name: self._start(name) for name in self._jobs}

    def strike(self) -> None:
        """Kill one or two things at once by chance, and let all come back."""
        self.tend()
        for name in self._random.sample(sorted(self._jobs), self._random.choice((1, 1, 2))):
            self._kill(name)
        if self._random.random() < ENGINE_SHARE:
            self.kill_database()
        if self._broker is not None and self._random.random() < ENGINE_SHARE:
            self.kill_broker()
        self.tend()

    def tend(self) -> None:
        """Start again what fell because something else was killed."""
        for name, process in self._running.items():
            if not process.is_alive():
                self.fell[_kind(name)] += 1
                self._running[name] = self._start(name)

    def kill_each_once(self) -> None:
        """Kill one of each kind that was not killed yet."""
        for name in self._jobs:
            if not self.killed[_kind(name)]:
                self._kill(name)
        if not self.killed["database"]:
            self.kill_database()
        if self._broker is not None and not self.killed["broker"]:
            self.kill_broker()

    def kill_database(self) -> None:
        """Kill PostgreSQL without warning, and let it recover from its log."""
        assert self._postgres.process is not None
        self._postgres.process.kill()
        self._postgres.process.wait()
        self.killed["database"] += 1
        again = Retrying(
            retry=retry_if_exception_type(PlatformError), stop=stop_after_delay(60), wait=wait_fixed(0.2), reraise=True
        )
        again(self._postgres.start)

    def kill_broker(self) -> None:
        """Kill Kafka without warning."""
        assert self._broker is not None
        pid = runner.running_pid(self._broker)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        gone = Retrying(retry=retry_if_result(bool), stop=stop_after_delay(60), wait=wait_fixed(0.05))
        gone(lambda: runner.running_pid(self._broker) is not None)  # type: ignore[arg-type]  # checked above
        self.killed["broker"] += 1
        runner.start(self._broker, dies_with_parent=True)

    def end(self) -> None:
        """Kill what runs; that does not count."""
        for process in self._running.values():
            process.kill()
            process.join()

    def _kill(self, name: str) -> None:
        """Kill, and start again; what fell by itself a moment before was not killed."""
        process = self._running[name]
        process.kill()
        process.join()
        counted = self.killed if process.exitcode == -signal.SIGKILL else self.fell
        counted[_kind(name)] += 1
        self._running[name] = self._start(name)

    def _start(self, name: str) -> BaseProcess:
        return start(RUN[_kind(name)], self._jobs[name])  # type: ignore[arg-type]  # a job of this folder's


def _kind(name: str) -> str:
    return name.partition(" ")[0]


def _jobs(job: Job) -> Iterator[tuple[str, Job]]:
    for kind in ("server", "worker", "sequencer", "sender", *(("relay",) if job.kafka else ())):
        yield kind, job
    for n in range(DEPARTMENT_PROCESSES):
        yield (
            f"department {n}",
            replace(job, departments=job.departments[n::DEPARTMENT_PROCESSES], hook_port=free_ports(1)),
        )


@contextmanager
def scene(folder: Path, seed: int, *, departments: int, enterprises: int, with_kafka: bool) -> Iterator[Scene]:
    """Prepare a database with enterprises that have evidence against them, start everything, and leave nothing behind."""
    postgres = EmbeddedPostgres(folder / "postgres", free_ports(1))
    broker = Kafka(folder=folder / "kafka", port=free_ports(), software=SOFTWARE) if with_kafka else None
    made: Scene | None = None
    try:
        migrate(postgres.start())
        _register(postgres.dsn, codes(enterprises, departments // len(KINDS) - 1))
        make_key(folder / "key.pem")
        job = Job(
            dsn=postgres.dsn, port=free_ports(1), key_file=folder / "key.pem", journals=folder / "journals", hooks=folder / "hooks",
            departments=department_names(departments), kafka=_kafka(broker),
        )  # fmt: skip
        made = Scene(job, postgres, broker, seed)
        yield made
    finally:
        if made is not None:
            made.end()
        postgres.stop()
        if broker is not None:
            runner.stop(broker)


def _kafka(broker: Kafka | None) -> KafkaSettings | None:
    if broker is None:
        return None
    runner.start(broker, dies_with_parent=True)
    settings = KafkaSettings(bootstrap=broker.bootstrap, namespace="chaos.", session_seconds=6)
    ensure_topics(settings)  # the relay brings all that the database says
    return settings


def codes(count: int, prefectures: int) -> list[str]:
    """Return distinct codes, dealt over so many prefectures."""
    bodies = (f"9152{n % prefectures + 1:02d}00MA{n:07d}" for n in range(count))
    return [body + check_character(body) for body in bodies]


def department_names(count: int) -> tuple[str, ...]:
    """Return the departments that the measures bind: five of the province, then five a prefecture."""
    regions = [f"52{n:02d}00" for n in range(count // len(KINDS))]
    return tuple(f"{kind}-{region}" for region in regions for kind in KINDS)


def _register(dsn: str, known: Sequence[str]) -> None:
    heavy = {"severity": 3, "penalty_kind": 5}
    with world(dsn) as made:
        made.tell(*(told(enterprise(code), f"e{code}") for code in known))
        made.tell(*(told(violation("heavy", code=code, **heavy), f"v{code}") for code in known))
