"""The composition, as far as it can be judged without a daemon: its schema, its pins, and each container's own arguments."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy import keys
from deploy.engines import versions
from services.common.auth.actor import Actor, Role
from services.common.auth.tokens import Verifier, issue, load_key
from services.launcher.cluster import processes
from services.launcher.state import State
from tests.unit.deploy.composition import FILE, composition, containers, ours
from tests.unit.deploy.containers import LASTING, ONCE, check
from tests.unit.deploy.files import Written

PINNED = re.compile(r"^[a-z0-9./-]+:v?\d+\.\d+[a-z0-9.-]*$")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    keys.make(State(folder, keys.PORT_BASE))
    return folder


@pytest.fixture
def told(made: Path) -> dict[str, Any]:
    return composition(made)


def test_the_file_keeps_the_compose_specification() -> None:
    tool = Path(sys.executable).with_name("check-jsonschema")
    command = [tool, "--builtin-schema", "vendor.compose-spec", FILE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_image_is_pinned_and_the_engines_are_those_that_are_tested(told: dict[str, Any]) -> None:
    images = {name: service["image"] for name, service in told["services"].items()}
    assert [name for name, image in images.items() if not PINNED.match(image)] == []
    assert images["kafka"] == f"apache/kafka:{versions.KAFKA}"
    assert images["elasticsearch"] == f"elasticsearch:{versions.DEFAULT_ELASTICSEARCH}"
    assert {images[name] for name in ours(told)} == {"merchant-credit:0.1.0"}


def test_every_container_is_a_real_role_with_keys_that_are_known(told: dict[str, Any], tmp_path: Path) -> None:
    for container in containers(told):
        check(container, Written(tmp_path))


def test_the_containers_are_the_cluster_of_a_machine_with_four_cores(told: dict[str, Any]) -> None:
    assert {container.role for container in containers(told)} == ONCE | LASTING
    copies = {tuple(s["command"][:2]): s.get("deploy", {}).get("replicas", 1) for s in ours(told).values()}
    wanted = {(service, role): count for service, role, count in processes(cores=4)}
    assert {place: copies[place] for place in wanted} == wanted


@pytest.mark.parametrize(("cores", "consumers"), [(1, 1), (2, 1), (3, 1), (4, 2), (64, 12)])
def test_a_machine_has_a_consumer_for_each_two_cores_and_no_more_than_partitions(cores: int, consumers: int) -> None:
    assert ("credit", "consume", consumers) in processes(cores)


def test_what_is_waited_for_can_come(told: dict[str, Any]) -> None:
    services, once = told["services"], {c.name for c in containers(told) if c.role in ONCE}
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                # The image's own check asks a role that serves.
                serves = "build" in services[other] and services[other]["command"][1] == "serve"
                assert serves or "test" in services[other]["healthcheck"], (name, other)
            else:
                assert other in once, (name, other)


def test_only_the_page_grpc_and_who_watches_are_published_and_on_this_machine_only(told: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in told["services"].items() if "ports" in service}
    watching = {name for name, service in told["services"].items() if service.get("profiles") == ["observability"]}
    assert watching == {"prometheus", "grafana"}
    assert set(published) == {"registry", "credit", "search", "portal"} | watching
    for name, [port] in published.items():
        assert port.startswith("127.0.0.1:")
        if name not in watching:
            inside = told["services"][name]["environment"]["MERCHANTCREDIT_LISTEN"].rpartition(":")[2]
            assert port == f"127.0.0.1:{inside}:{inside}"


def test_the_portal_and_the_tokens_file_find_the_services(told: dict[str, Any], made: Path) -> None:
    environment = told["services"]["portal"]["environment"]
    for service in ("registry", "credit", "search"):
        host, _, port = environment[f"MERCHANTCREDIT_{service.upper()}"].partition(":")
        assert told["services"][host]["environment"]["MERCHANTCREDIT_LISTEN"] == f"0.0.0.0:{port}"
        assert f'"{service}": "127.0.0.1:{port}"' in (made / "endpoints.json").read_text()


def test_our_containers_have_no_rights_and_nothing_to_write_to(told: dict[str, Any]) -> None:
    for name, service in ours(told).items():
        assert service["read_only"] is True, name
        assert (service["cap_drop"], service["tmpfs"]) == (["ALL"], ["/tmp"]), name  # noqa: S108 - the container's own
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "volumes" not in service, name


def test_volumes_and_secrets_are_named_and_all_used(told: dict[str, Any]) -> None:
    mounted = [v.split(":")[0] for s in told["services"].values() for v in s.get("volumes", [])]
    assert {v for v in mounted if not v.startswith(".")} == set(told["volumes"])
    assert {s for service in told["services"].values() for s in service.get("secrets", [])} == set(told["secrets"])
    assert [s["file"] for s in told["secrets"].values() if not Path(s["file"]).is_file()] == []


def test_no_container_is_given_the_key_that_signs(told: dict[str, Any], made: Path) -> None:
    signing = load_key(made / "keys" / "tokens.pem")
    assert not any(Path(secret["file"]) == made / "keys" / "tokens.pem" for secret in told["secrets"].values())
    public = load_key(Path(told["secrets"]["token_key"]["file"]))
    assert not public.is_private
    actor = Actor(subject="s", office="o", roles=frozenset({Role.REGULATOR}))
    assert Verifier(public).actor(issue(signing, actor, seconds=60)).roles == actor.roles


def test_keys_and_passwords_are_kept_when_they_are_there(made: Path) -> None:
    kept = {file: file.read_bytes() for file in made.rglob("*") if file.is_file() and file.name != "endpoints.json"}
    keys.make(State(made, keys.PORT_BASE))
    assert {file: file.read_bytes() for file in kept} == kept
    assert made.stat().st_mode & 0o077 == 0
