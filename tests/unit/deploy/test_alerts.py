"""The alert rules: Prometheus can read them, they ask for what there is, and each has its page."""

import re
import shutil
import subprocess
from typing import Any

import jsonschema
import pytest
import yaml

from tests.unit.deploy import promql
from tests.unit.deploy.containers import LASTING
from tests.unit.deploy.files import ROOT

FOLDER = ROOT / "deploy" / "observability"
PAGES = ROOT / "docs" / "operations.md"
RULES = yaml.safe_load((FOLDER / "alerts.yaml").read_text())
ALERTS: list[dict[str, Any]] = [rule for group in RULES["groups"] for rule in group["rules"]]
_DURATION = {"type": "string", "pattern": r"^(\d+(ms|s|m|h|d|w|y))+$"}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}


def _closed(required: list[str], **properties: object) -> dict[str, object]:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


#: What model/rulefmt of Prometheus takes, without recording rules, which we have none of.
_RULE = _closed(
    ["alert", "expr", "labels", "annotations"],
    alert={"type": "string", "pattern": "^[A-Z][A-Za-z]+$"},
    expr={"type": "string"},
    labels=_closed(["severity"], severity={"enum": ["critical", "warning"]}),
    annotations=_closed(["summary", "runbook_url"], summary={"type": "string"}, runbook_url={"type": "string"}),
    keep_firing_for=_DURATION,
    **{"for": _DURATION},
)
_GROUP = _closed(
    ["name", "rules"],
    name={"type": "string"},
    interval=_DURATION,
    limit={"type": "integer"},
    query_offset=_DURATION,
    labels=_TEXTS,
    rules={"type": "array", "items": _RULE},
)
SCHEMA = _closed(["groups"], groups={"type": "array", "items": _GROUP})


def name(rule: dict[str, Any]) -> str:
    return str(rule["alert"])


def test_the_file_keeps_the_schema_of_prometheus() -> None:
    jsonschema.validate(RULES, SCHEMA)
    groups = [group["name"] for group in RULES["groups"]]
    assert len(set(groups)) == len(groups)
    assert len({name(rule) for rule in ALERTS}) == len(ALERTS)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"groups": [{"name": "g", "rules": [ALERTS[0] | {"four": "2m"}]}]}, SCHEMA)


@pytest.mark.parametrize("rule", ALERTS, ids=name)
def test_every_expression_asks_for_what_there_is(rule: dict[str, Any]) -> None:
    assert promql.faults(rule["expr"]) == []


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("rate(merchantcredit_dead_letter_total[5m])", "no such metric"),
        ("merchantcredit_batch_records", "no such metric"),
        ("merchantcredit_errors_total{group='credit.work'}", "has no label group"),
        ("merchantcredit_errors_total{reason='INTERN'}", "is never INTERN"),
        ("merchantcredit_grpc_calls_total{method=~'/merchantcredit.credit.v1.Crdit.*'}", "is never"),
        ("sum by (groop) (merchantcredit_consumer_lag_records)", "has no label groop"),
        ("up and on (topic) merchantcredit_consumer_lag_records", "has no label topic"),
    ],
)
def test_what_there_is_not_is_found(expression: str, fault: str) -> None:
    assert fault in " ".join(promql.faults(expression))


def test_what_is_no_promql_is_refused() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        promql.faults("sum by (group (up)")


@pytest.mark.parametrize("rule", ALERTS, ids=name)
def test_a_summary_names_only_labels_that_the_result_has(rule: dict[str, Any]) -> None:
    named = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert named <= promql.labels_of_result(rule["expr"])


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    section = PAGES.read_text().partition("\n## Alerts\n")[2].partition("\n## ")[0]
    pages = dict(re.findall(r"^### (\w+)\n+(.*?)(?=\n### |\Z)", section, flags=re.MULTILINE | re.DOTALL))
    assert list(pages) == [name(rule) for rule in ALERTS]
    for rule in ALERTS:
        assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{name(rule).lower()}"
        for part in ("**Means.**", "**Look.**", "**Do.**"):
            assert pages[name(rule)].count(part) == 1, (name(rule), part)


def test_every_role_that_lasts_is_missed() -> None:
    [absent] = [rule["expr"] for rule in ALERTS if name(rule) == "ProcessAbsent"]
    asked = set(re.findall(r'absent\(up\{job="merchantcredit", process="([a-z-]+)"\}\)', absent))
    assert asked == {f"{service}-{role}" for service, role in LASTING}


def test_every_service_with_a_relay_is_missed_without_a_leader() -> None:
    [leads] = [rule["expr"] for rule in ALERTS if name(rule) == "RelayWithoutLeader"]
    asked = set(re.findall(r'absent\(merchantcredit_relay_leads\{service="(\w+)"\}\)', leads))
    assert asked == promql.VALUES["service"]


def test_every_alert_is_tried() -> None:
    tried = yaml.safe_load((FOLDER / "alerts.test.yaml").read_text())["tests"]
    fires = {case["alertname"] for test in tried for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fires == {name(rule) for rule in ALERTS}


@pytest.mark.parametrize("arguments", [["check", "rules", "alerts.yaml"], ["test", "rules", "alerts.test.yaml"]])
def test_prometheus_itself_agrees(arguments: list[str]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: the rules were not run over the series of alerts.test.yaml")
    done = subprocess.run([promtool, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
