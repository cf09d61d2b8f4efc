"""How Prometheus finds our processes, in the composition and in a cluster, and what it calls them."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.common.telemetry.names import METRICS
from tests.unit.deploy import base, composition, promql
from tests.unit.deploy.containers import LASTING
from tests.unit.deploy.files import ROOT

FOLDER = ROOT / "deploy" / "observability"
FILES = ("prometheus.yaml", "kubernetes.yaml")


def job(file: str) -> dict[str, Any]:
    """Return the one job of a file."""
    [only] = yaml.safe_load((FOLDER / file).read_text())["scrape_configs"]
    told: dict[str, Any] = only
    return told


def labels(file: str, meta: dict[str, str]) -> dict[str, str] | None:
    """Return what relabelling makes of a target, as Prometheus does it; None when it is dropped."""
    found = dict(meta)
    for step in job(file)["relabel_configs"]:
        value = ";".join(found.get(label, "") for label in step["source_labels"])
        met = re.fullmatch(step.get("regex", "(.*)"), value)
        if step.get("action") == "keep":
            if met is None:
                return None
        elif met is not None:
            found[step["target_label"]] = met.expand(step.get("replacement", "$1").replace("$1", r"\1"))
    return {name: value for name, value in found.items() if not name.startswith("__meta")}


def test_the_composition_is_found_whole_and_called_by_role(tmp_path: Path) -> None:
    services = composition.ours(composition.composition(tmp_path))
    [found] = job("prometheus.yaml")["dns_sd_configs"]
    names = {name: tuple(service["command"][:2]) for name, service in services.items()}
    assert set(found["names"]) == {name for name, role in names.items() if role in LASTING}
    assert found["port"] == 9464
    for name in found["names"]:
        assert labels("prometheus.yaml", {"__meta_dns_name": name}) == {"process": "-".join(names[name])}


def test_the_pods_of_the_base_are_found_and_called_by_role() -> None:
    run = yaml.safe_load((base.BASE / "run" / "kustomization.yaml").read_text())["labels"][0]
    assert run["includeTemplates"] is True
    for thing in base.of("Deployment"):
        told = thing["spec"]["template"]["metadata"]["labels"] | run["pairs"]
        prefix = "__meta_kubernetes_pod_label_"
        meta = {prefix + re.sub(r"[^a-zA-Z0-9_]", "_", label): value for label, value in told.items()}
        made = labels("kubernetes.yaml", meta | {"__meta_kubernetes_pod_ip": "10.0.0.1"})
        assert made == {"__address__": "10.0.0.1:9464", "process": "-".join(base.told(thing).role)}
    assert labels("kubernetes.yaml", {"__meta_kubernetes_pod_ip": "10.0.0.1"}) is None


@pytest.mark.parametrize("file", FILES)
def test_the_scrape_adds_no_label_that_a_metric_has(file: str) -> None:
    told = yaml.safe_load((FOLDER / file).read_text())
    assert job(file)["job_name"] in promql.VALUES["job"]
    assert told["rule_files"] == ["alerts.yaml"]
    # Prometheus would call the metric's own label exported_….
    assert [m.name for m in METRICS if promql.TARGET & set(m.labels)] == []


def test_grafana_is_given_files_that_there_are(tmp_path: Path) -> None:
    services = composition.composition(tmp_path)["services"]
    mounts = [volume for name in ("prometheus", "grafana") for volume in services[name]["volumes"]]
    files = [mount.split(":") for mount in mounts if mount.startswith(".")]
    assert all((ROOT / "deploy" / source).is_file() and how == "ro" for source, _, how in files)
    inside = {target for _, target, _ in files}
    [provider] = yaml.safe_load((FOLDER / "grafana" / "dashboards.yaml").read_text())["providers"]
    assert f"{provider['options']['path']}/dashboard.json" in inside
    assert services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] in inside
    assert "--config.file=/etc/prometheus/prometheus.yaml" in services["prometheus"]["command"]
    assert {"/etc/prometheus/prometheus.yaml", "/etc/prometheus/alerts.yaml"} <= inside
    [source] = yaml.safe_load((FOLDER / "grafana" / "datasources.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"


@pytest.mark.parametrize("file", FILES)
def test_prometheus_itself_agrees(file: str) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip(f"promtool is not installed: {file} was not checked by it")
    command = [promtool, "check", "config", file]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
