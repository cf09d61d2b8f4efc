"""`merchant-credit search ROLE`: migrate, template (of the index), serve, project, relay (of dead letters)."""

import sys
from pathlib import Path

from services.common.clock import SystemClock
from services.common.config import Config
from services.common.role import MIGRATE, SERVES, Role, kafka_settings, main, relay, serve, work
from services.search import cluster
from services.search.adapters.elastic_client import ElasticSettings


def _elastic(config: Config) -> ElasticSettings:
    assert config.elasticsearch is not None  # noqa: S101 - needed by each role that comes here
    told = config.elasticsearch
    return ElasticSettings(
        urls=tuple(told.url.split(",")),
        name=told.prefix,
        api_key=told.api_key,
        ca_certs=Path(told.ca_certs) if told.ca_certs else None,
        replicas=told.replicas,
    )


def _template(config: Config) -> None:
    cluster.install_template(_elastic(config))


def _serve(config: Config) -> None:
    serve(config, lambda: [cluster.serving(_elastic(config))])


def _project(config: Config) -> None:
    work(cluster.projecting_kafka(config.dsn, kafka_settings(config), _elastic(config), SystemClock()))


if __name__ == "__main__":
    sys.exit(
        main(
            "search",
            {
                "migrate": MIGRATE,
                "template": Role(_template, ("elasticsearch",)),
                "serve": Role(_serve, ("elasticsearch", *SERVES)),
                "project": Role(_project, ("dsn", "kafka", "elasticsearch")),
                "relay": relay("search"),
            },
        )
    )
