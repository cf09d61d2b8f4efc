"""Apache Kafka in KRaft mode: one node that is broker and controller."""

import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from kafka import KafkaAdminClient

from deploy.engines.engine import Launch
from deploy.engines.java import QUICK_START, SMALL_HEAP, java_home
from deploy.engines.software import kafka_libs
from deploy.engines.versions import KAFKA, KAFKA_JAVA
from services.common.errors import DependencyUnavailable

#: One node keeps one copy of everything; and a test's group shall not wait three seconds for members to come.
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.backoff.ms": "1000",
}
LOG4J = """status=warn
rootLogger.level=info
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %m (%c{1})%n
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """Kafka in a folder; clients use `port`, the controller the one after it."""

    folder: Path
    port: int
    software: Path
    name: str = "kafka"
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def bootstrap(self) -> str:
        """Return the bootstrap server for clients."""
        return f"127.0.0.1:{self.port}"

    def prepare(self) -> Launch:
        """Write the configuration, and format the data folder if it is new."""
        libs = kafka_libs(self.software)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._config.write_text("".join(f"{name}={value}\n" for name, value in self._settings().items()))
        self._logging.write_text(LOG4J)
        java = [str(java_home(KAFKA_JAVA) / "bin" / "java"), "-cp", f"{libs}/*"]
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(java)
        options = ["-Xms256m", "-Xmx512m", SMALL_HEAP, QUICK_START, f"-Dlog4j2.configurationFile={self._logging}"]
        return Launch(command=[*java, *options, "kafka.Kafka", str(self._config)])

    def answer(self) -> str:
        """Ask the cluster for its topics."""
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap, bootstrap_timeout_ms=1000, request_timeout_ms=2000)
        try:
            return f"Kafka {KAFKA} at {self.bootstrap} with {len(admin.list_topics())} topics"
        finally:
            admin.close()

    @property
    def _config(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _logging(self) -> Path:
        return self.folder / "log4j2.properties"

    def _settings(self) -> dict[str, str]:
        controller = f"127.0.0.1:{self.port + 1}"
        return SETTINGS | {
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}",
            "controller.quorum.bootstrap.servers": controller,
            "log.dirs": str(self.folder.absolute() / "data"),
        }

    def _format(self, java: list[str]) -> None:
        # Kafka's own ids are 16 bytes in URL-safe base64; any 22 such characters will do.
        tool = ["kafka.tools.StorageTool", "format", "-t", uuid4().hex[:21] + "A", "--standalone"]
        done = subprocess.run(
            [*java, "-Xmx128m", QUICK_START, *tool, "-c", str(self._config)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DependencyUnavailable(f"Kafka's folder could not be formatted: {done.stdout}{done.stderr}")
