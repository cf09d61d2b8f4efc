"""Grafana's dashboard: its rows, and panels with title, unit and description that ask for what there is."""

import json
import re
from typing import Any

import pytest

from services.common.telemetry.names import METRICS
from tests.unit.deploy import promql
from tests.unit.deploy.files import ROOT

TOLD = json.loads((ROOT / "deploy" / "observability" / "dashboard.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in TOLD["panels"] if panel["type"] != "row"]
ROWS = ["Processes", "Intake", "Worker", "Relay", "Index", "gRPC", "Punishment", "Archive"]
#: Units of Grafana that are used here: its identifiers for seconds, bytes, shares, counts, and rates.
UNITS = {"s", "bytes", "percentunit", "short", "reqps", "cps"}


def title(panel: dict[str, Any]) -> str:
    return str(panel["title"])


def expressions(panel: dict[str, Any]) -> list[str]:
    """Return a panel's questions; Grafana chooses the span of a rate by the zoom."""
    return [target["expr"].replace("$__rate_interval", "5m") for target in panel["targets"]]


def test_the_rows_are_the_way_of_an_event() -> None:
    assert [panel["title"] for panel in TOLD["panels"] if panel["type"] == "row"] == ROWS


def test_panels_are_told_apart_and_none_lies_on_another() -> None:
    every = TOLD["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    cells = [cell for panel in every for cell in _cells(panel["gridPos"])]
    assert len(set(cells)) == len(cells)
    assert all(x < 24 for x, _ in cells)


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    return [(place["x"] + i, place["y"] + j) for i in range(place["w"]) for j in range(place["h"])]


@pytest.mark.parametrize("panel", PANELS, ids=title)
def test_a_panel_says_what_it_shows_and_asks_for_what_there_is(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    for expression in expressions(panel):
        assert promql.faults(expression) == []


@pytest.mark.parametrize("panel", PANELS, ids=title)
def test_legends_name_labels_that_the_result_has(panel: dict[str, Any]) -> None:
    for target, expression in zip(panel["targets"], expressions(panel), strict=True):
        named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        assert named <= promql.labels_of_result(expression)
        assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize("panel", PANELS, ids=title)
def test_a_unit_fits_what_is_asked(panel: dict[str, Any]) -> None:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    for expression in expressions(panel):
        is_share = " / " in expression or "cpu_seconds" in expression
        is_time = "time()" in expression or "_seconds_bucket" in expression or "oldest" in expression
        is_rate = "rate(" in expression and "histogram_quantile" not in expression
        expected = "share" if is_share else "s" if is_time else "rate" if is_rate else "count"
        assert {"percentunit": "share", "s": "s", "reqps": "rate", "cps": "rate"}.get(unit, "count") == expected


def test_every_metric_of_the_list_is_shown() -> None:
    shown = " ".join(expression for panel in PANELS for expression in expressions(panel))
    assert [metric.name for metric in METRICS if metric.name not in shown] == []
