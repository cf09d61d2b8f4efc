"""Starts the embedded profile: `run`, `demo`, each with the processes that it starts."""

import argparse
import sys
from pathlib import Path

from services.common.errors import PlatformError
from services.launcher.state import State


def main() -> int:
    """Run a command; a typed error prints its sentence and exits with 2."""
    given = _parser().parse_args()
    state = State(given.state_dir, given.port_base)
    try:
        if given.command == "demo":
            from services.launcher.demo import demo  # noqa: PLC0415 - only the demo needs it

            demo(given.port_base)
        else:
            from services.launcher.run import run  # noqa: PLC0415 - see above

            run(state)
    except PlatformError as error:
        print(f"merchant-credit: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="services.launcher", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "demo"):
        command = commands.add_parser(name)
        command.add_argument("--state-dir", type=Path, default=Path("var"))
        command.add_argument("--port-base", type=int, default=18500)
    return parser


if __name__ == "__main__":
    sys.exit(main())
