"""Where the cluster is and how it is spoken to; each tuned number with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: A record with its evidence stays far below; the topics and both clients agree on it.
MAX_MESSAGE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """How the cluster is reached.

    Attributes:
        bootstrap: HOST:PORT of some brokers, comma-separated.
        namespace: put before the name of each topic and group, for clusters that several installations share.
        security: further settings of kafka-python by their own names, such as security_protocol and ssl_cafile.
        session_seconds: after so long without a heartbeat a member's partitions go to others.
    """

    bootstrap: str
    namespace: str = ""
    security: Mapping[str, Any] | None = None
    session_seconds: float = 10.0

    @property
    def connection(self) -> dict[str, Any]:
        """Return what every client needs."""
        return {"bootstrap_servers": self.bootstrap.split(","), **(self.security or {})}

    def physical(self, name: str) -> str:
        """Return the name of a topic or group in the cluster."""
        return f"{self.namespace}{name}"

    def logical(self, name: str) -> str:
        """Return the platform's name of a topic of the cluster."""
        return name.removeprefix(self.namespace)


#: The clients' own metrics take a twentieth of their time, and nobody reads them: ours tell of batches and of lags.
_UNMEASURED = {"metrics_enabled": False}
PRODUCER: dict[str, Any] = {
    **_UNMEASURED,
    "acks": "all",
    "enable_idempotence": True,
    # A publication is many messages and one flush, which waits for no linger: a shorter one would only send what the first
    # milliseconds brought as a request, and as batches of their partitions, of its own.
    "linger_ms": 50,
    "batch_size": 256 * 1024,
    "max_request_size": MAX_MESSAGE_BYTES,
}
CONSUMER: dict[str, Any] = {
    **_UNMEASURED,
    # Offsets live in the consumer's database; the broker's copy is a hint for those who watch the lag.
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "isolation_level": "read_committed",
    # A large batch is worth a large fetch: one merchant's events in it cost one publication.
    "max_partition_fetch_bytes": 2 * MAX_MESSAGE_BYTES,
    # A fetch that finds nothing waits at the broker; 20 of them a second took a tenth of a core from each member that had nothing to do.
    # One is under way at a time, without partitions of which records are still held here: they wait for its end.
    "fetch_max_wait_ms": 250,
    # Partitions that a member was not told of are found soon, not after five minutes.
    "metadata_max_age_ms": 10_000,
    # Longer than the slowest batch; a process that hangs is found by its heartbeat much sooner.
    "max_poll_interval_ms": 300_000,
}
