"""`merchant-credit search ROLE`: migrate, template (of the index), serve, project, relay (of dead letters)."""

import sys
from pathlib import Path

from services.common.clock import SystemClock
from services.common.config import Config
from services.common.role import kafka_settings, main, migrate_database, relay, serve, work
from services.search import cluster
from services.search.adapters.elastic_client import ElasticSettings


def _elastic(config: Config) -> ElasticSettings:
    config.require("elasticsearch")
    assert config.elasticsearch is not None  # noqa: S101 - required above
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
    config.require("dsn", "kafka")
    work(cluster.projecting_kafka(config.dsn, kafka_settings(config), _elastic(config), SystemClock()))


if __name__ == "__main__":
    sys.exit(
        main(
            "search",
            {
                "migrate": migrate_database,
                "template": _template,
                "serve": _serve,
                "project": _project,
                "relay": relay("search"),
            },
        )
    )
