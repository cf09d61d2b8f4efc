"""The program: which command is which, and how an error is told."""

import sys
from collections.abc import Sequence

import psycopg
import typer

from services.cli.commands import (
    backtest,
    backup_base,
    backup_wal,
    dead_letters_list,
    dead_letters_replay,
    dead_letters_show,
    evaluate,
    export_cases,
    export_violations,
    generate,
    generate_registry,
    load_events,
    load_registry,
    republish_records,
    restore,
    seal,
    simulate_departments,
    topic_list,
    topic_put,
    topic_tail,
    verify_measures,
    verify_scores,
)
from services.cli.loading.events import INTAKES
from services.common.errors import PlatformError

USAGE = 2
#: Ours, and what files and the database refuse in their own words; anything else is a defect and shows its trace.
EXPECTED = (PlatformError, OSError, psycopg.Error)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 when done, 2 with one line on standard error when it was refused."""
    try:
        program()(arguments)
    except EXPECTED as error:
        print(f"error: {str(error).strip().splitlines()[0]}", file=sys.stderr)
        raise SystemExit(USAGE) from error


def program() -> typer.Typer:
    """Return the program with all its commands."""
    app = typer.Typer(
        name="merchant-credit", no_args_is_help=True, help="Loads, generates, proves, and looks into topics."
    )
    app.command("backtest")(backtest.backtest)
    app.command("evaluate")(evaluate.evaluate)
    app.command("generate")(generate.generate)
    app.command("generate-registry")(generate_registry.generate_registry)
    app.command("seal")(seal.seal)
    app.command("verify-measures")(verify_measures.verify_measures)
    app.add_typer(_simulate(), name="simulate", help="Somebody to talk to: departments of many manners.")
    app.command("verify-scores")(verify_scores.verify_scores)
    app.add_typer(_load(), name="load", help="Load a file; repeating it changes nothing.")
    app.add_typer(_export(), name="export", help="Write a file that a load reads.")
    app.add_typer(_topic(), name="topic", help="Put on a topic and look into it.")
    app.add_typer(_backup(), name="backup", help="Copy the database, and stream its log, into an archive.")
    app.command("restore")(restore.restore)
    app.add_typer(_republish(), name="republish", help="Say again what was said.")
    app.add_typer(_dead_letters(), name="dead-letters", help="What could not be applied: list, show, replay.")
    return app


def _load() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)
    app.command("registry")(load_registry.registry)
    for kind in INTAKES:
        app.command(kind)(load_events.command(kind))
    return app


def _export() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)
    app.command("cases")(export_cases.cases)
    app.command("violations")(export_violations.violations)
    return app


def _simulate() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)
    app.command("departments")(simulate_departments.departments)
    app.callback()(lambda: None)  # keeps `departments` a word of its own while it is the only one
    return app


def _backup() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)
    app.command("base")(backup_base.base)
    app.command("wal")(backup_wal.wal)
    return app


def _republish() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)
    app.command("records")(republish_records.records)
    app.callback()(lambda: None)  # keeps `records` a word of its own while it is the only one
    return app


def _topic() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)
    app.command("list")(topic_list.list_topics)
    app.command("put")(topic_put.put)
    app.command("tail")(topic_tail.tail_topic)
    return app


def _dead_letters() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)
    app.command("list")(dead_letters_list.list_letters)
    app.command("show")(dead_letters_show.show)
    app.command("replay")(dead_letters_replay.replay)
    return app
