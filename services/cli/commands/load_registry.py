"""merchant-credit load registry: registrations from a file to the registry."""

import asyncio
import time
from typing import Annotated

import typer
from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot

from services.cli import calls, endpoints, options, report
from services.cli.loading import columns, registration, rows
from services.cli.loading.columns import Columns
from services.cli.loading.ledger import Totals
from services.cli.loading.load import Job
from services.cli.loading.pipeline import Item
from services.cli.loading.registry_sink import BATCH_LIMIT, RegistrySink
from services.cli.loading.rows import Row


def registry(
    file: options.File,
    *,
    target: Annotated[str, typer.Option(help="HOST:PORT of the registry; default: from --state-dir.")] = "",
    token: Annotated[str, typer.Option(help="Token of a regulator or an office; default: from --state-dir.")] = "",
    state_dir: options.StateDir = options.DEFAULT_STATE_DIR,
    rejects: options.Rejects = None,
    mapped: options.Map = [],  # noqa: B006 - typer reads the default and never changes it
    resume: options.Resume = False,
    batch: Annotated[int, typer.Option(min=1, max=BATCH_LIMIT, help="Rows a call.")] = BATCH_LIMIT,
    in_flight: Annotated[int, typer.Option(min=1, max=16, help="Calls at once.")] = 4,
) -> None:
    """Register the firms of a CSV or JSON Lines file; loading it again changes nothing."""
    names = Columns(columns.REGISTRY, mapped)
    names.check(rows.header(file), registration.REQUIRED)
    job = Job(
        path=file,
        rejects_path=options.rejects_path(rejects, state_dir, file),
        resume=resume,
        chunk_size=batch,
        in_flight=in_flight,
        unique_keys=True,
    )
    address = endpoints.choose(target, state_dir, "registry")
    began = time.monotonic()
    loaded = asyncio.run(_load(job, names, address, endpoints.token(token, state_dir, "regulator")))
    report.totals(loaded, rejects=job.rejects_path, seconds=time.monotonic() - began)


async def _load(job: Job, names: Columns, target: str, token: str) -> Totals:
    def convert(row: Row) -> Item[EnterpriseSnapshot]:
        snapshot = registration.of_fields(names.rename(row.fields))
        return Item(row, snapshot.credit_code, snapshot)

    async with calls.channel(target) as channel:
        return await job.run(convert, RegistrySink(channel, target, token).send)
