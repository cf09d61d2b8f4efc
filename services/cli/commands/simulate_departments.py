"""merchant-credit simulate departments: departments of many manners against the running services."""

import asyncio
from pathlib import Path
from typing import Annotated

import grpc
import typer

from services.cli import calls, endpoints, options
from services.cli.departments import history, journal
from services.cli.departments.department import Department
from services.cli.departments.manner import Manner
from services.cli.departments.simulation import KINDS, Simulation
from services.common.auth.tokens import load_key

FAULTY = 1


def departments(
    *,
    count: Annotated[int, typer.Option(min=1, max=100, help="How many departments.")] = 20,
    seconds: Annotated[float, typer.Option(min=1, help="How long they work.")] = 30.0,
    away: Annotated[float, typer.Option(min=0, help="How many seconds the offline ones stay away.")] = 10.0,
    seed: options.Seed = 1,
    journals: Annotated[Path | None, typer.Option(file_okay=False, help="Where they write what they saw.")] = None,
    state_dir: options.StateDir = options.DEFAULT_STATE_DIR,
    target: Annotated[str, typer.Option(help="HOST:PORT of credit; default: from --state-dir.")] = "",
    key: Annotated[Path | None, typer.Option(help="The key that signs tokens; default: from --state-dir.")] = None,
) -> None:
    """Let departments follow their streams and answer, then check what they saw and tell where their orders stand."""
    folder = journals or state_dir / "departments"
    simulation = Simulation(
        folder=folder,
        key=load_key(key or state_dir / "keys" / "tokens.pem"),
        away_seconds=away,
        seed=seed,
    )
    worked = asyncio.run(_run(simulation, endpoints.choose(target, state_dir, "credit"), count, seconds))
    _print(worked, count)
    found = history.check(journal.read(folder))
    print(
        f"{found.effects:,} directives took effect once, in order, at {found.departments} departments"
        f" ({found.applied:,} orders, {found.lifted:,} lifts; {found.replays:,} came again and did nothing)"
    )
    for fault in found.faults[:20]:
        print(f"  {fault}")
    if found.faults:
        raise typer.Exit(FAULTY)


async def _run(simulation: Simulation, target: str, count: int, seconds: float) -> list[Department]:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    async with calls.channel(target) as channel:
        try:
            return await simulation.run(channel, simulation.names(count), stop)
        except grpc.aio.AioRpcError as error:
            raise calls.typed(error, target) from error


def _print(worked: list[Department], count: int) -> None:
    for number, manner in enumerate(Manner):
        mine = worked[number :: len(Manner)]
        if mine:
            print(
                f"{manner:<10} {len(mine):>3} departments  {sum(d.last for d in mine):>6,} directives"
                f"  {sum(d.answered for d in mine):>6,} answers  {sum(d.crashes for d in mine):>4,} crashes"
            )
    print(f"{count} departments of {len(KINDS)} kinds, {sum(d.is_caught_up for d in worked)} caught up")
