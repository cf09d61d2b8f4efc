"""`merchant-credit registry ROLE`: migrate, topics (all of the platform), serve, relay."""

import sys

from services.common.clock import SystemClock
from services.common.config import Config
from services.common.role import MIGRATE, SERVES, TOPICS, Role, main, relay, serve
from services.registry import bootstrap


def _serve(config: Config) -> None:
    serve(config, lambda: [bootstrap.serving(config.dsn, SystemClock())])


if __name__ == "__main__":
    sys.exit(
        main(
            "registry",
            {"migrate": MIGRATE, "topics": TOPICS, "serve": Role(_serve, ("dsn", *SERVES)), "relay": relay("registry")},
        )
    )
