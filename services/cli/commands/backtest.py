"""merchant-credit backtest: what a draft of the policy would change for everybody."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli import endpoints, options
from services.common.clock import SystemClock, china_day
from services.common.kernel.day import parse_day
from services.common.kernel.grade import Grade
from services.credit.offline import Backtest, Mover, backtest_draft


def backtest(
    draft: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="The draft's TOML file.")],
    *,
    day: Annotated[str, typer.Option(help="Rate on this day, YYYY-MM-DD; default: today.")] = "",
    dsn: options.Dsn = "",
    state_dir: options.StateDir = options.DEFAULT_STATE_DIR,
) -> None:
    """Rate the whole population by a draft and by the policy in force; write nothing."""
    on = parse_day(day, "--day") if day else china_day(SystemClock().now())
    found = backtest_draft(endpoints.choose(dsn, state_dir, "dsn"), draft, on)
    print("\n".join((*_head(found), "", *_matrix(found), "", *_groups(found), "", *map(_mover, found.movers))))


def _head(found: Backtest) -> list[str]:
    return [
        f"in force {found.active[0]}  sha256 {found.active[1]}",
        f"draft    {found.draft[0]}  sha256 {found.draft[1]}",
        f"day {found.day}, ledger at {found.position:,} accounts, {found.subjects:,} registered, {found.moved:,} change grade",
    ]


def _matrix(found: Backtest) -> list[str]:
    """Return the table: a row for each grade now, a column for each grade by the draft."""
    grades = sorted({grade for pair in found.matrix for grade in pair}, reverse=True)
    head = "from\\to " + "".join(f"{grade.name:>9}" for grade in grades)
    return [head, *(_row(found, grade, grades) for grade in grades)]


def _row(found: Backtest, old: Grade, grades: list[Grade]) -> str:
    return f"{old.name:<8}" + "".join(f"{found.matrix[old, new]:>9,}" for new in grades)


def _groups(found: Backtest) -> list[str]:
    """Return how many go up and down by region, kind and size, and which rules move."""
    keys = sorted({*found.up, *found.down})
    moved = [
        f"{group:<7} {name or '-':<28} up {found.up[group, name]:>7,}  down {found.down[group, name]:>7,}"
        for group, name in keys
    ]
    rules = [f"rule    {rule:<28} differs for {count:,}" for rule, count in found.rules.items() if count]
    return [*moved, *rules]


def _mover(mover: Mover) -> str:
    why = ", ".join(f"{rule} {amount / 1000:+g}" for rule, amount in mover.by_rule.items())
    return f"{mover.code}  {mover.from_grade.name} -> {mover.to_grade.name}  {mover.change / 1000:+g}: {why}"
