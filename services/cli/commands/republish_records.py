"""merchant-credit republish records: every record again onto its topic, and tombstones for what has no row."""

from typing import Annotated

import typer

from services.cli import endpoints, options
from services.cli.topics import connection
from services.common.clock import SystemClock
from services.common.eventlog.kafka.log import KafkaEventLog
from services.common.eventlog.kafka.settings import KafkaSettings
from services.common.eventlog.port import EventLog
from services.credit import offline

Kafka = Annotated[
    str, typer.Option("--kafka", help="HOST:PORT of brokers; without it the topic is the database's own.")
]
Namespace = Annotated[str, typer.Option(help="Put before the names of topics in the cluster.")]


def records(
    *,
    dsn: options.Dsn = "",
    state_dir: options.StateDir = options.DEFAULT_STATE_DIR,
    kafka: Kafka = "",
    namespace: Namespace = "",
) -> None:
    """Say every published record again, as of the present epoch, and that what the topic alone holds is gone.

    Safe beside running services and safe to repeat. A relay brings it to Kafka.
    """
    address = endpoints.choose(dsn, state_dir, "dsn")
    if not kafka:
        with connection.event_log(dsn, state_dir) as log:
            return _tell(address, log)
    cluster = KafkaEventLog(KafkaSettings(bootstrap=kafka, namespace=namespace))
    try:
        _tell(address, cluster)
    finally:
        cluster.close()


def _tell(dsn: str, log: EventLog) -> None:
    said, gone = offline.republish_records(dsn, log, SystemClock())
    print(f"{said:,} records said again, {gone:,} tombstones")
