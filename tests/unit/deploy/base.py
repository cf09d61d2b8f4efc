"""deploy/k8s as its objects and containers; ConfigMaps are put in, Secrets stand in by name for what they must hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.unit.deploy.containers import Container
from tests.unit.deploy.files import ROOT

BASE = ROOT / "deploy" / "k8s"
#: What an operator puts in, by Secret or ConfigMap and key (docs/operations.md).
GIVEN = {
    "merchantcredit-registry": {"config.toml": 'dsn = "postgresql://registry@postgres/registry"'},
    "merchantcredit-credit": {"config.toml": 'dsn = "postgresql://credit@postgres/credit"'},
    "merchantcredit-search": {"config.toml": 'dsn = "postgresql://search@postgres/search"'},
    "merchantcredit-tokens": {"tokens.public.pem": "a public key"},
    "merchantcredit-complainants": {"complainants.key": "a secret"},
    "merchantcredit-index-reader": {"api_key": "aWQ6a2V5"},
    "merchantcredit-index-writer": {"api_key": "aWQ6a2V5"},
    "merchantcredit-index-ca": {"ca.pem": "certificates"},
}
Thing = dict[str, Any]


def objects(folder: Path = BASE) -> Iterator[Thing]:
    """Yield the objects of a kustomization and of those that it takes in."""
    told = yaml.safe_load((folder / "kustomization.yaml").read_text())
    for resource in told["resources"]:
        path = folder / resource
        if path.is_dir():
            yield from objects(path)
        else:
            yield from yaml.safe_load_all(path.read_text())


def of(kind: str) -> list[Thing]:
    """Return the objects of a kind."""
    return [found for found in objects() if found["kind"] == kind]


def name(thing: Thing) -> str:
    """Return an object's name."""
    return str(thing["metadata"]["name"])


def pod(thing: Thing) -> Thing:
    """Return what the pods of a Deployment or Job are."""
    made: Thing = thing["spec"]["template"]["spec"]
    return made


def container(thing: Thing) -> Thing:
    """Return the one container of a Deployment or Job."""
    [only] = pod(thing)["containers"]
    told: Thing = only
    return told


def told(thing: Thing) -> Container:
    """Return an object's container as it will be started."""
    it = container(thing)
    return Container(
        name=name(thing), arguments=tuple(it["args"]), environment=dict(_environment(it)), files=dict(_files(thing))
    )


def _environment(it: Thing) -> Iterator[tuple[str, str]]:
    maps = {name(found): found["data"] for found in of("ConfigMap")}
    for source in it.get("envFrom", []):
        yield from maps[source["configMapRef"]["name"]].items()
    for variable in it.get("env", []):
        if "value" in variable:
            yield variable["name"], variable["value"]
        else:
            reference = variable["valueFrom"]["secretKeyRef"]
            yield variable["name"], GIVEN[reference["name"]][reference["key"]]


def _files(thing: Thing) -> Iterator[tuple[str, str]]:
    volumes = {volume["name"]: volume for volume in pod(thing)["volumes"]}
    for mount in container(thing)["volumeMounts"]:
        volume = volumes.pop(mount["name"])
        source = volume.get("secret", {}).get("secretName") or volume.get("configMap", {}).get("name")
        for key, text in GIVEN.get(source, {}).items():
            yield f"{mount['mountPath']}/{key}", text
    assert volumes == {}, "a volume that nothing mounts"
