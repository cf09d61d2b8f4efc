"""The base for Kubernetes, as far as it can be judged without a cluster: the schemas of one version, and what pods promise."""

import json
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from services.common.eventlog.topics import TOPICS
from tests.unit.deploy import base
from tests.unit.deploy.containers import LASTING, ONCE, check
from tests.unit.deploy.files import Written

VERSION = "1.34.0"
LASTING_KINDS, ONCE_KINDS = base.of("Deployment"), base.of("Job")
EVERY = [*LASTING_KINDS, *ONCE_KINDS]


@pytest.mark.parametrize("thing", list(base.objects()), ids=lambda thing: f"{thing['kind']}/{base.name(thing)}")
def test_every_object_keeps_its_schema(thing: base.Thing) -> None:
    kubernetes_validate.validate(thing, VERSION, strict=True)


def test_a_field_that_there_is_not_is_found() -> None:
    broken = json.loads(json.dumps(LASTING_KINDS[0]))
    base.container(broken)["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSION, strict=True)


def test_every_role_of_the_cluster_is_there_once() -> None:
    assert sorted(base.told(thing).role for thing in LASTING_KINDS) == sorted(LASTING)
    assert sorted(base.told(thing).role for thing in ONCE_KINDS) == sorted(ONCE)


def test_every_container_is_a_real_role_with_keys_that_are_known(tmp_path: Path) -> None:
    for thing in EVERY:
        check(base.told(thing), Written(tmp_path))


@pytest.mark.parametrize("thing", EVERY, ids=base.name)
def test_pods_run_without_rights_and_within_bounds(thing: base.Thing) -> None:
    pod, it = base.pod(thing), base.container(thing)
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert it["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(it["resources"]["requests"]) == {"cpu", "memory"}
    assert "memory" in it["resources"]["limits"]
    assert all(mount.get("readOnly") or mount["name"] == "tmp" for mount in it["volumeMounts"])


@pytest.mark.parametrize("thing", LASTING_KINDS, ids=base.name)
def test_what_serves_is_probed_where_it_listens_and_what_works_by_its_database(thing: base.Thing) -> None:
    it, told = base.container(thing), base.told(thing)
    listen = told.environment.get("MERCHANTCREDIT_LISTEN", "").rpartition(":")[2]
    if told.role[1] != "serve":
        assert listen == ""
        assert it["readinessProbe"]["exec"]["command"][2:] == ["services.common.probe", "database", *told.arguments[2:]]
        return
    assert [port["containerPort"] for port in it["ports"]] == [int(listen)]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        if told.role[0] != "portal":
            assert it[probe]["grpc"] == {"port": int(listen)}
        else:
            assert next(iter(it[probe].values()))["port"] == "http"


@pytest.mark.parametrize("thing", LASTING_KINDS, ids=base.name)
def test_one_pod_at_a_time_is_taken_away_and_two_are_there(thing: base.Thing) -> None:
    scaled = {found["spec"]["scaleTargetRef"]["name"]: found["spec"] for found in base.of("HorizontalPodAutoscaler")}
    spec, name = thing["spec"], base.name(thing)
    # Both would set the number: an apply would undo what the autoscaler chose.
    assert ("replicas" in spec) != (name in scaled)
    assert (scaled[name]["minReplicas"] if name in scaled else spec["replicas"]) >= 2
    [budget] = [found["spec"] for found in base.of("PodDisruptionBudget") if base.name(found) == name]
    labels = spec["template"]["metadata"]["labels"]
    assert budget["maxUnavailable"] == 1
    for selector in (budget["selector"], spec["selector"]):
        assert selector["matchLabels"].items() <= labels.items()


def test_no_more_consumers_than_partitions() -> None:
    [most] = [f["spec"]["maxReplicas"] for f in base.of("HorizontalPodAutoscaler") if base.name(f) == "credit-consume"]
    assert most <= max(topic.partitions for topic in TOPICS.values())


def test_services_lead_to_the_pods_and_the_portal_to_the_services() -> None:
    ports = {}
    for service in base.of("Service"):
        [target] = [
            thing
            for thing in LASTING_KINDS
            if service["spec"]["selector"].items() <= thing["spec"]["template"]["metadata"]["labels"].items()
        ]
        [port], [inside] = service["spec"]["ports"], base.container(target)["ports"]
        assert port["targetPort"] == inside["name"]
        ports[base.name(service)] = f"{base.name(service)}:{port['port']}"
    [portal] = [base.told(thing) for thing in LASTING_KINDS if base.told(thing).role[0] == "portal"]
    found = {name: portal.environment[f"MERCHANTCREDIT_{name.upper()}"] for name in ("registry", "credit", "search")}
    assert found == {name: ports[name] for name in found}


def test_the_image_is_pinned_in_one_place() -> None:
    assert {base.container(thing)["image"] for thing in EVERY} == {"merchant-credit"}
    [image] = yaml.safe_load((base.BASE / "kustomization.yaml").read_text())["images"]
    assert image == {"name": "merchant-credit", "newTag": "0.1.0"}


def test_what_kustomize_makes_is_what_is_judged_here() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed: `kubectl kustomize` was not run over deploy/k8s")
    done = subprocess.run([kubectl, "kustomize", base.BASE], capture_output=True, text=True, check=True)
    made = list(yaml.safe_load_all(done.stdout))
    identity = sorted((thing["kind"], base.name(thing)) for thing in base.objects())
    assert sorted((thing["kind"], base.name(thing)) for thing in made) == identity
    for thing in made:
        kubernetes_validate.validate(thing, VERSION, strict=True)
        if thing["kind"] in ("Deployment", "Job"):
            assert base.container(thing)["image"] == "merchant-credit:0.1.0"
        component = {"ConfigMap": "config", "ServiceAccount": "config", "Job": "setup"}.get(thing["kind"], "run")
        assert thing["metadata"]["labels"]["app.kubernetes.io/component"] == component
