"""`make run` and `make run-cluster`: starts everything, loads the sample data on the first start, prints the addresses, and waits."""

import time

from services.common.stopping import stop_on_signals
from services.launcher.cluster import Cluster, Engines
from services.launcher.sample import load_sample
from services.launcher.state import Endpoints, State
from services.launcher.supervisor import Supervisor


def run(state: State) -> None:
    """Run the embedded system until Ctrl-C or SIGTERM; leaves no process behind."""
    _run(state, Supervisor(state))


def run_cluster(state: State, engines: Engines) -> None:
    """Run the system on engines until Ctrl-C or SIGTERM; leaves no process of its own behind."""
    _run(state, Cluster(state, engines))


def _run(state: State, system: Supervisor | Cluster) -> None:
    began = time.monotonic()
    with system as supervisor:
        stop_on_signals(supervisor.stop)
        endpoints = supervisor.start()
        if not state.loaded_file.exists() and not supervisor.stop.is_set():
            print("loading the sample data", flush=True)
            load_sample(state)
        if not supervisor.stop.is_set():
            _print(endpoints, state, time.monotonic() - began)
        supervisor.watch()
        print("stopping", flush=True)


def _print(endpoints: Endpoints, state: State, seconds: float) -> None:
    print(f"\nmerchant-credit is ready after {seconds:.1f} s; its state is in {state.folder}\n")
    print(f"  page        {endpoints.portal}")
    for address in sorted({endpoints.registry, endpoints.credit, endpoints.search}):
        names = [name for name in ("registry", "credit", "search") if getattr(endpoints, name) == address]
        print(f"  gRPC        {address}   ({', '.join(names)}; health and reflection)")
    print("  tokens      (send as `authorization: Bearer …`; without one, public reads answer)")
    for role, token in endpoints.tokens.items():
        print(f"    {role:<10} {token}")
    print("\nCtrl-C stops it.", flush=True)
