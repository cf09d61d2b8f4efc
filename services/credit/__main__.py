"""`merchant-credit credit ROLE`: migrate, serve, consume (any number share the work), relay."""

import sys
from contextlib import closing

from services.common.clock import SystemClock
from services.common.config import Config
from services.common.eventlog.kafka.log import KafkaEventLog
from services.common.eventlog.retention import Retention
from services.common.role import kafka_settings, main, migrate_database, relay, serve, work
from services.credit import bootstrap
from services.credit.config import CreditConfig


def _settings(config: Config) -> CreditConfig:
    config.require("dsn", "complainant_key")
    assert config.complainant_key is not None  # noqa: S101 - required above
    return CreditConfig(dsn=config.dsn, complainant_key=config.complainant_key.read_bytes())


def _serve(config: Config) -> None:
    settings, clock = _settings(config), SystemClock()
    of_complaints = (bootstrap.serving_complaints, bootstrap.serving_complainants)
    made = (bootstrap.serving, *of_complaints, bootstrap.serving_punishment)
    serve(config, lambda: [make(settings, clock) for make in made])


def _consume(config: Config) -> None:
    settings, clock = _settings(config), SystemClock()
    with closing(KafkaEventLog(kafka_settings(config))) as log:
        loops = (*bootstrap.working(settings, log, clock), *bootstrap.punishing(settings, log, clock))
        work([*loops, Retention(config.dsn, clock)])


if __name__ == "__main__":
    sys.exit(
        main(
            "credit",
            {"migrate": migrate_database, "serve": _serve, "consume": _consume, "relay": relay("credit")},
        )
    )
