"""`merchant-credit registry ROLE`: migrate, topics (all of the platform), serve, relay."""

import sys

from services.common.clock import SystemClock
from services.common.config import Config
from services.common.role import main, make_topics, migrate_database, relay, serve
from services.registry import bootstrap


def _serve(config: Config) -> None:
    config.require("dsn")
    serve(config, lambda: [bootstrap.serving(config.dsn, SystemClock())])


if __name__ == "__main__":
    sys.exit(
        main(
            "registry",
            {"migrate": migrate_database, "topics": make_topics, "serve": _serve, "relay": relay("registry")},
        )
    )
