"""`python -m deploy.engines up|down|env`: starts and stops all three, and tells where they are."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.engines import runner
from deploy.engines.elasticsearch import Elasticsearch, release_of
from deploy.engines.engine import Engine
from deploy.engines.kafka import Kafka
from deploy.engines.postgres import Postgres
from deploy.engines.versions import DEFAULT_ELASTICSEARCH
from services.common.errors import PlatformError

DEFAULT_PORT_BASE = 18600


def engines_in(state: Path, port_base: int, es_version: str) -> tuple[Kafka, Elasticsearch, Postgres]:
    """Return the three engines of a state folder; they take five ports from the base on.

    Elasticsearch has a folder for each version, because the data of a newer one do not open in an older one.
    """
    software = state.absolute() / "software"
    elasticsearch = state.absolute() / f"elasticsearch-{es_version}"
    return (
        Kafka(folder=state.absolute() / "kafka", port=port_base, software=software),
        Elasticsearch(folder=elasticsearch, port=port_base + 2, software=software, release=release_of(es_version)),
        Postgres(folder=state.absolute() / "postgres", port=port_base + 4),
    )


def up(engine: Engine) -> str:
    """Start one engine and say what it answered, and after how long."""
    running = runner.start(engine)
    return f"{running.said} (pid {running.pid}, ready in {running.seconds:.1f} s)"


def down(engine: Engine) -> str:
    """Stop one engine."""
    return f"{engine.name} stopped" if runner.stop(engine) else f"{engine.name} did not run"


def _each(act: Callable[[Engine], str], engines: Sequence[Engine]) -> int:
    """Act on all at once; one that fails says why and does not hold up the others."""
    failed = 0
    with ThreadPoolExecutor(len(engines)) as pool:
        for outcome in [pool.submit(act, engine) for engine in engines]:
            try:
                print(outcome.result())
            except PlatformError as error:
                print(error, file=sys.stderr)
                failed = 1
    return failed


def main() -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="deploy.engines", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "env"))
    parser.add_argument("--state-dir", type=Path, default=Path("var/engines"))
    arguments = parser.parse_args()
    try:
        port_base = int(os.environ.get("ENGINES_PORT_BASE") or DEFAULT_PORT_BASE)
        version = os.environ.get("ES_VERSION") or DEFAULT_ELASTICSEARCH
        kafka, elasticsearch, postgres = engines_in(arguments.state_dir, port_base, version)
    except (PlatformError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.command == "env":
        print(f"KAFKA={kafka.bootstrap}\nELASTICSEARCH={elasticsearch.url}\nDSN={postgres.dsn}")
        return 0
    return _each({"up": up, "down": down}[arguments.command], (kafka, elasticsearch, postgres))


if __name__ == "__main__":
    sys.exit(main())
