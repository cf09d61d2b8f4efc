"""merchant-credit evaluate: how far the policy in force tells what comes, on a population whose outcomes are known."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from services.common.clock import SystemClock
from services.common.kernel.day import parse_day
from services.credit.offline import Evaluation, GradeOutcome, Interval, evaluate_files

_Csv = {"exists": True, "dir_okay": False, "readable": True}


def evaluate(
    *,
    facts: Annotated[Path, typer.Option(**_Csv, help="CSV of dated facts.")],
    outcomes: Annotated[Path, typer.Option(**_Csv, help="CSV of dated results: facts before D, outcomes from D on.")],
    as_of: Annotated[str, typer.Option(help="The day D, YYYY-MM-DD; only what is dated before it counts.")],
    mapping: Annotated[
        Path | None, typer.Option(**_Csv, help="TOML; default: a shipped one whose columns fit.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Score a population as on a day with the policy in force, and compare with what came after."""
    found = evaluate_files(facts, outcomes, parse_day(as_of, "--as-of"), mapping, SystemClock())
    print(orjson.dumps(_plain(found)).decode() if as_json else _text(found))


def _plain(found: Evaluation) -> dict[str, Any]:
    told = {name: getattr(found, name) for name in ("policy_version", "policy_digest", "title", "as_of")}
    told |= {name: getattr(found, name) for name in ("subjects", "positive", "facts")}
    compared = found.comparison
    told |= {"auc": compared.auc, "naive_auc": compared.naive_auc, "difference": compared.difference}
    grades = [{"grade": g.name, **_counts(g)} for g in found.grades]
    return {**told, "grades": grades, "classes": [{"class": c.name, **_counts(c)} for c in found.classes]}


def _counts(found: GradeOutcome) -> dict[str, Any]:
    return {"subjects": found.subjects, "positive": found.positive, "share": found.share}


def _text(found: Evaluation) -> str:
    compared = found.comparison
    return "\n".join(
        (
            f"policy {found.policy_version}  sha256 {found.policy_digest}",
            f"{found.title}, as of {found.as_of}",
            f"{found.subjects:,} subjects, {found.positive:,} positive, {found.facts:,} facts before {found.as_of}",
            "",
            f"AUC of the score            {_interval(compared.auc)}",
            f"AUC of the naive sum        {_interval(compared.naive_auc)}   each fact once, half after a year",
            f"difference, paired          {_interval(compared.difference, '+')}   {_verdict(compared.difference)}",
            "",
            "grade   subjects   positive   share, at 95 %",
            *map(_line, found.grades),
            "",
            "class   subjects   positive   share, at 95 %",
            *map(_line, found.classes),
        )
    )


def _line(found: GradeOutcome) -> str:
    share = found.share
    bounds = f"[{share.low * 100:.1f}, {share.high * 100:.1f}]"
    return f"{found.name:<6} {found.subjects:>9,}  {found.positive:>9,}  {share.value * 100:5.1f} %  {bounds}"


def _interval(found: Interval, sign: str = "") -> str:
    return f"{found.value:{sign}.4f}  [{found.low:{sign}.4f}, {found.high:{sign}.4f}] at 95 %"


def _verdict(difference: Interval) -> str:
    return "above the naive sum" if difference.low > 0 else "not told apart from the naive sum"
