"""merchant-credit load complaints, violations, volumes, feedback: what a file tells to its intake topic."""

import asyncio
import time
from collections.abc import Callable
from typing import Annotated

import typer

from services.cli import options, report
from services.cli.loading import events, rows
from services.cli.loading.columns import Columns
from services.cli.loading.load import Job
from services.cli.loading.pipeline import Item
from services.cli.loading.rows import Row
from services.cli.loading.topic_sink import TopicSink
from services.cli.topics import connection
from services.common.eventlog.port import Message
from services.common.eventlog.topics import COMPLAINT, FEEDBACK, VIOLATION

Source = Annotated[str, typer.Option(help="Source of rows that name none, for example //office.example.")]
Time = Annotated[
    str,
    typer.Option(
        "--time", help="When rows that tell no time were told, RFC 3339; a correction is later than its mistake."
    ),
]
Batch = Annotated[int, typer.Option(min=1, max=10_000, help="Events a transaction.")]


def command(kind: str) -> Callable[..., None]:
    """Return the command that loads one kind of intake file."""
    intake = events.INTAKES[kind]

    def load(
        file: options.File,
        *,
        dsn: options.Dsn = "",
        state_dir: options.StateDir = options.DEFAULT_STATE_DIR,
        source: Source = "",
        told_at: Time = "",
        rejects: options.Rejects = None,
        mapped: options.Map = [],  # noqa: B006 - typer reads the default and never changes it
        resume: options.Resume = False,
        batch: Batch = 2000,
    ) -> None:
        names = Columns(intake.aliases, mapped)
        names.check(rows.header(file), intake.required)

        def convert(row: Row) -> Item[Message]:
            message = events.of_row(intake, names, row.fields, source, told_at)
            return Item(row, message.key, message)

        job = Job(
            path=file,
            rejects_path=options.rejects_path(rejects, state_dir, file),
            resume=resume,
            chunk_size=batch,
            in_flight=1,
            unique_keys=False,
            may_name_persons=intake.topic
            in {COMPLAINT, VIOLATION, FEEDBACK},  # a form of penalties has columns of persons
        )
        began = time.monotonic()
        with connection.event_log(dsn, state_dir) as log:
            loaded = asyncio.run(job.run(convert, TopicSink(log).send))
        report.totals(loaded, rejects=job.rejects_path, seconds=time.monotonic() - began)

    load.__doc__ = f"Put the {kind} of a CSV or JSON Lines file on {intake.topic}; a repeated event counts once."
    return load
