"""Looks at a role from inside its container, for health checks: `python -m services.common.probe serving|database`.

`serving` asks the gRPC server on the port of MERCHANTCREDIT_LISTEN by the standard health service; a role without that
key does not serve, so there is nothing to ask. `database` asks the database of the configuration (--config FILE).
Exits with 0 when the answer is yes, else with 1 and the reason on stderr.
"""

import argparse
import os
import sys
from pathlib import Path

import grpc
import psycopg
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.common.config import PREFIX, load
from services.common.errors import PlatformError

TIMEOUT_SECONDS = 3


def serving(listen: str) -> str:
    """Return why the server that listens there does not serve; empty when it does, or when there is no such address."""
    if not listen:
        return ""
    with grpc.insecure_channel(f"127.0.0.1:{listen.rpartition(':')[2]}") as channel:
        asked = health_pb2.HealthCheckRequest()
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(asked, timeout=TIMEOUT_SECONDS)  # type: ignore[attr-defined]  # its stub has no types
        except grpc.RpcError as error:
            return f"{listen} does not answer: {error}"
    status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    return "" if status == "SERVING" else f"{listen} says {status}"


def database(config: Path | None) -> str:
    """Return why the database of a configuration does not answer; empty when it does."""
    try:
        told = load(config)
        told.require("dsn")
        with psycopg.connect(told.dsn, connect_timeout=TIMEOUT_SECONDS) as connection:
            connection.execute("SELECT 1")
    except (PlatformError, OSError, psycopg.Error) as error:
        return str(error)
    return ""


def main() -> int:
    """Look at what the command line names."""
    parser = argparse.ArgumentParser(prog="services.common.probe", description=__doc__)
    parser.add_argument("what", choices=["serving", "database"])
    parser.add_argument("--config", type=Path, default=None, help="the role's own TOML file")
    given = parser.parse_args()
    wrong = database(given.config) if given.what == "database" else serving(os.environ.get(f"{PREFIX}LISTEN", ""))
    if wrong:
        print(wrong, file=sys.stderr)  # noqa: T201 - what a container's log of health checks shows
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
