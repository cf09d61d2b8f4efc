"""The process `work`: the consumers in their lanes, the sequencer, retention, the sweepers and what sends to webhooks."""

from collections.abc import Callable

from services.common.clock import SystemClock
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.retention import Retention
from services.common.eventlog.sequencer import Sequencer
from services.common.lanes import fork_lanes
from services.common.lifecycle import Loop, run_loops
from services.common.stopping import stop_on_signals
from services.common.telemetry.start import telemetry
from services.credit import bootstrap as credit
from services.credit.config import CreditConfig
from services.launcher.state import State, webhook_ca_certs, webhook_networks


def run(state: State, dsn: str, ready: Callable[[], None]) -> None:
    """Work until told to stop."""
    config = CreditConfig(
        dsn=dsn,
        complainant_key=state.complainant_key(),
        webhook_networks=webhook_networks(),
        webhook_ca_certs=webhook_ca_certs(),
    )
    lanes = fork_lanes(credit.LANES - 1, lambda: _consume(config, state.metrics_address("lane")))
    event_log = FeedsEventLog(dsn)
    clock = SystemClock()
    credit_loops = (*credit.working(config, event_log, clock), *credit.punishing(config, event_log, clock))
    webhooks = credit.sending_webhooks(config, clock)
    loops: list[Loop] = [lanes, Sequencer(dsn), Retention(dsn, clock), webhooks, *credit_loops]
    ready()
    with telemetry(state.metrics_address("work")):
        run_loops(loops, stop_on_signals())
    event_log.close()


def _consume(config: CreditConfig, metrics: str) -> None:
    event_log = FeedsEventLog(config.dsn)
    consumer, _ = credit.working(config, event_log, SystemClock())
    with telemetry(metrics):
        run_loops([consumer], stop_on_signals())
    event_log.close()
