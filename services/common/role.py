"""How one process of one role is started: `python -m services.<service> ROLE [--config FILE]`.

`check-config` checks the file and the environment; with `--for ROLE` also that they have all that the role needs.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import structlog
import uvloop

from services.common import garbage
from services.common.auth.tokens import Verifier, load_key
from services.common.config import Config, load
from services.common.db.migrate import migrate
from services.common.errors import PlatformError
from services.common.eventlog.kafka.relay import Relay
from services.common.eventlog.kafka.settings import KafkaSettings
from services.common.eventlog.kafka.topics import ensure_topics
from services.common.eventlog.sequencer import Sequencer
from services.common.grpc import server
from services.common.grpc.server import Registration
from services.common.lifecycle import Loop, run_loops
from services.common.logs import log_to_stderr, told
from services.common.stopping import SIGNALS, stop_on_signals
from services.common.telemetry import health
from services.common.telemetry.start import telemetry, tracing

log = structlog.get_logger()


class Role(NamedTuple):
    """What a process of a role does, and the keys of the configuration without which it cannot."""

    run: Callable[[Config], None]
    needs: tuple[str, ...]


def main(service: str, roles: Mapping[str, Role]) -> int:
    """Run the role that the command line names; a typed error prints its sentence and gives 2."""
    parser = argparse.ArgumentParser(prog=f"merchant-credit {service}")
    parser.add_argument("role", choices=[*roles, "check-config"])
    parser.add_argument("--config", type=Path, default=None, help="a TOML file; the environment stands over it")
    parser.add_argument("--for", dest="checked", choices=[*roles], help="check-config: the role that is to run on it")
    given = parser.parse_args()
    checks = given.role == "check-config"
    if given.checked and not checks:
        parser.error(f"--for goes with check-config: leave it out of {given.role}")
    log_to_stderr()
    config = Config()
    try:
        config = load(given.config)
        log_to_stderr(config.log_format, config.log_level, service=service, role=given.role)
        if checks:
            _check(config, given.checked, roles)
        else:
            config.require(*roles[given.role].needs)
            with telemetry(config.metrics), tracing(config.traces, service, given.role):
                roles[given.role].run(config)
    except (PlatformError, OSError) as error:
        _say(error, config)
        return 2
    return 0


def _check(config: Config, role: str | None, roles: Mapping[str, Role]) -> None:
    """Say that a configuration is well formed, and has what a role needs when one is named; raises InvalidInput."""
    config.require(*(roles[role].needs if role else ()))
    print("the configuration is well formed" + (f" and has what {role} needs" if role else ""))  # noqa: T201 - an answer


def _say(error: Exception, config: Config) -> None:
    """Say why the process ends: a sentence for who typed the command, a line of JSON for who collects them."""
    if config.log_format == "json":
        log.critical("role_failed", error=told(error))
    else:
        print(f"merchant-credit: {error}", file=sys.stderr)  # noqa: T201 - a command line tool


def _migrate(config: Config) -> None:
    """Bring the service's database to the newest schema, and make the topics where Kafka is configured."""
    migrate(config.dsn)
    if config.kafka is not None:
        ensure_topics(kafka_settings(config), copies=config.kafka.copies)


def _make_topics(config: Config) -> None:
    """Make the topics that are missing; for a cluster where who migrates a database may not make topics."""
    settings = kafka_settings(config)
    assert config.kafka is not None  # noqa: S101 - required by kafka_settings
    ensure_topics(settings, copies=config.kafka.copies)


MIGRATE = Role(_migrate, ("dsn",))
TOPICS = Role(_make_topics, ("kafka",))
#: What every role needs that serves gRPC.
SERVES = ("listen", "token_key")


def relay(service: str) -> Role:
    """Return the role that numbers the service's messages and brings them to Kafka."""

    def run(config: Config) -> None:
        work([Sequencer(config.dsn), Relay(config.dsn, kafka_settings(config), service)])

    return Role(run, ("dsn", "kafka"))


def kafka_settings(config: Config) -> KafkaSettings:
    """Return the cluster of a configuration that has one."""
    config.require("kafka")
    assert config.kafka is not None  # noqa: S101 - required above
    return KafkaSettings(
        bootstrap=config.kafka.bootstrap, namespace=config.kafka.namespace, security=config.kafka.security
    )


def work(loops: Sequence[Loop]) -> None:
    """Run loops until SIGTERM or SIGINT."""
    stop = stop_on_signals()
    garbage.set_aside()
    log.info("role_ready", loops=[loop.name for loop in loops])
    run_loops(loops, stop)


def serve(config: Config, services: Callable[[], Sequence[Registration]]) -> None:
    """Serve until SIGTERM or SIGINT; the services are made on the loop that serves them. It needs SERVES."""
    uvloop.run(_serving(config, services))


async def _serving(config: Config, services: Callable[[], Sequence[Registration]]) -> None:
    assert config.token_key is not None  # noqa: S101 - needed by who serves
    stop = stop_event()
    verifier = Verifier(load_key(config.token_key))
    running = await server.start(services(), verifier=verifier, address=config.listen)
    garbage.set_aside()
    log.info("role_ready", address=config.listen)
    await health.beat_until(stop, "serve")
    await running.stop()


def stop_event() -> asyncio.Event:
    """Return an event of the running loop that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for signal_number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    return stop
