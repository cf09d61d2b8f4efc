"""Departments of every manner against real services: all lifts are confirmed, each directive took effect once, in order."""

import asyncio
import threading
from pathlib import Path

import pytest

from services.cli import app
from services.cli.departments import history, journal
from services.cli.departments.simulation import Simulation
from services.common.eventlog.sequencer import Sequencer
from services.common.lifecycle import run_loops
from tests.integration.credit.punishment.office_world import OfficeWorld, office_world

LISTINGS = 6


async def until(offices: OfficeWorld, query: str, wanted: object) -> None:
    """Wait until a query of one value answers what is wanted; the test's own time limit ends it."""
    while (found := offices.world.rows(query)[0][0]) != wanted:
        await asyncio.sleep(0.1)
        assert found is not None


async def test_departments_of_every_manner_converge(
    dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with office_world(dsn, tmp_path) as offices:
        halt, stop = threading.Event(), asyncio.Event()
        loops = [Sequencer(dsn), offices.dispatch, offices.feedback]
        work = asyncio.create_task(asyncio.to_thread(run_loops, loops, halt))
        for n in range(LISTINGS):
            await offices.list_it(f"l{n}")
        names = sorted({row[0] for row in offices.world.rows("SELECT department FROM credit.directive")})
        simulation = Simulation(folder=tmp_path / "journals", key=offices.served.key, away_seconds=1.0, seed=1)
        simulated = asyncio.create_task(simulation.run(offices.served.channel, names, stop))
        await until(offices, "SELECT count(*) FROM credit.directive WHERE state IN (4, 5)", 6 * LISTINGS)
        for n in range(LISTINGS):
            await offices.end(f"l{n}")
        await until(offices, "SELECT count(*) FROM credit.directive WHERE state = 8", 6 * LISTINGS)
        stop.set()
        worked = await simulated
        halt.set()
        await work
        assert sum(d.last for d in worked) == 12 * LISTINGS  # the last checkpoint may still be on its way
        found = history.check(journal.read(tmp_path / "journals"))
        assert (found.faults, found.applied, found.lifted) == ([], 6 * LISTINGS, 6 * LISTINGS)
        await verify_by_command(offices, capsys)


async def verify_by_command(offices: OfficeWorld, capsys: pytest.CaptureFixture[str]) -> None:
    """The command proves it, and fails when something is planted."""
    header = offices.decider[0][1]
    given = ["verify-measures", "--target", offices.served.address, "--token", header.removeprefix("Bearer ")]
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(app.main, given)
    assert ended.value.code == 0
    assert "compared 36 orders of 6 listings with 72 directives in the sequences of 6 departments: 0 faults" in (
        capsys.readouterr().out
    )
    with offices.world.batch.pool.connection() as conn:
        conn.execute("DELETE FROM credit.department_directive WHERE department = 'finance-520900' AND number = 3")
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(app.main, given)
    assert ended.value.code == 1
    assert "the sequence of finance-520900 breaks at number 4" in capsys.readouterr().out


async def test_simulate_departments_as_a_command(dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with office_world(dsn, tmp_path) as offices:
        await offices.list_it()
        offices.drain()
        given = ["simulate", "departments", "--count", "6", "--seconds", "2", "--away", "0.5", "--key", str(tmp_path / "key.pem"),
                 "--target", offices.served.address, "--journals", str(tmp_path / "j")]  # fmt: skip
        with pytest.raises(SystemExit) as ended:
            await asyncio.to_thread(app.main, given)
        said = capsys.readouterr().out
        assert ended.value.code == 0
        assert "6 departments of 10 kinds, 6 caught up" in said
        assert "3 directives took effect once, in order" in said
