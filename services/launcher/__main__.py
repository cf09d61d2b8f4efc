"""Starts the embedded profile: `run`, `demo`, each with the processes that it starts."""

import argparse
import sys
from pathlib import Path

from services.common.errors import PlatformError
from services.launcher.state import State


def main() -> int:
    """Run a command; a typed error prints its sentence and exits with 2."""
    given = _parser().parse_args()
    state = State(given.state_dir, given.port_base, given.metrics_base)
    try:
        if given.command.endswith("-cluster"):
            _on_engines(given, state)
        elif given.command == "demo":
            from services.launcher.demo import demo  # noqa: PLC0415 - only the demo needs it

            demo(given.port_base)
        else:
            from services.launcher.run import run  # noqa: PLC0415 - see above

            run(state)
    except PlatformError as error:
        print(f"merchant-credit: {error}", file=sys.stderr)
        return 2
    return 0


def _on_engines(given: argparse.Namespace, state: State) -> None:
    from services.launcher.cluster import Engines  # noqa: PLC0415 - the embedded profile loads none of it
    from services.launcher.cluster_demo import demo_cluster  # noqa: PLC0415
    from services.launcher.run import run_cluster  # noqa: PLC0415

    engines = Engines(kafka=given.kafka, elasticsearch=given.elasticsearch, dsn=given.dsn)
    if given.command == "demo-cluster":
        demo_cluster(given.port_base, engines)
    else:
        run_cluster(state, engines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="services.launcher", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "demo", "run-cluster", "demo-cluster"):
        command = commands.add_parser(name)
        command.add_argument("--state-dir", type=Path, default=Path("var"))
        command.add_argument("--port-base", type=int, default=18500)
        command.add_argument(
            "--metrics-base", type=int, default=0,
            help="the first of four ports for the metrics of serve, work, project and the lane; 0: off",
        )  # fmt: skip
        if name.endswith("-cluster"):
            command.add_argument("--kafka", required=True, help="HOST:PORT of a broker")
            command.add_argument("--elasticsearch", required=True, help="URL of a node")
            command.add_argument("--dsn", required=True, help="any database of the PostgreSQL server")
    return parser


if __name__ == "__main__":
    sys.exit(main())
