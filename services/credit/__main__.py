"""`merchant-credit credit ROLE`: migrate, serve, consume and webhooks (any number of each share the work), relay."""

import sys
from contextlib import closing

from services.common.clock import SystemClock
from services.common.config import Config
from services.common.eventlog.kafka.log import KafkaEventLog
from services.common.eventlog.retention import Retention
from services.common.role import MIGRATE, SERVES, Role, kafka_settings, main, relay, serve, work
from services.credit import bootstrap
from services.credit.config import CreditConfig

NEEDS = ("dsn", "complainant_key")


def _settings(config: Config) -> CreditConfig:
    assert config.complainant_key is not None  # noqa: S101 - needed by each role
    key = config.complainant_key.read_bytes()
    return CreditConfig(
        dsn=config.dsn,
        complainant_key=key,
        webhook_networks=config.webhook_networks,
        webhook_ca_certs=config.webhook_ca_certs,
    )


def _serve(config: Config) -> None:
    settings, clock = _settings(config), SystemClock()
    serve(config, lambda: bootstrap.serving_all(settings, clock))


def _consume(config: Config) -> None:
    settings, clock = _settings(config), SystemClock()
    with closing(KafkaEventLog(kafka_settings(config))) as log:
        loops = (*bootstrap.working(settings, log, clock), *bootstrap.punishing(settings, log, clock))
        work([*loops, Retention(config.dsn, clock)])


def _webhooks(config: Config) -> None:
    work([bootstrap.sending_webhooks(_settings(config), SystemClock())])


if __name__ == "__main__":
    sys.exit(
        main(
            "credit",
            {
                "migrate": MIGRATE,
                "serve": Role(_serve, (*NEEDS, *SERVES)),
                "consume": Role(_consume, (*NEEDS, "kafka")),
                "webhooks": Role(_webhooks, NEEDS),
                "relay": relay("credit"),
            },
        )
    )
