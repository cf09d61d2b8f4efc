"""The process `project`: what is published goes into the search index."""

from collections.abc import Callable

from services.common.clock import SystemClock
from services.common.lifecycle import run_loops
from services.common.stopping import stop_on_signals
from services.common.telemetry.start import telemetry
from services.launcher.state import State
from services.search import bootstrap as search


def run(state: State, dsn: str, ready: Callable[[], None]) -> None:
    """Project until told to stop."""
    loops = search.projecting(dsn, state.index, SystemClock())
    ready()
    with telemetry(state.metrics_address("project")):
        run_loops(loops, stop_on_signals())
