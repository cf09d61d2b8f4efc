"""What compose.yaml tells its containers is enough for all of them to do their work together."""

import time
from pathlib import Path

import grpc
import httpx
import orjson
import psycopg
import pytest
from merchantcredit.registry.v1 import registry_service_pb2 as registry
from merchantcredit.registry.v1.registry_service_pb2_grpc import RegistryServiceStub
from merchantcredit.search.v1 import search_service_pb2 as search
from merchantcredit.search.v1.search_service_pb2_grpc import SearchServiceStub

from tests.e2e.compose.conftest import PATIENCE_SECONDS, Composed
from tests.integration.credit.world import CODE, enterprise


def found(address: str) -> bool:
    with grpc.insecure_channel(address) as channel:
        try:
            answer = SearchServiceStub(channel).SearchRecords(search.SearchRecordsRequest(query=CODE), timeout=10)
        except grpc.RpcError:
            return False
    return bool(answer.hits)


def test_a_registration_goes_through_every_role_to_the_page(composed: Composed) -> None:
    tokens = orjson.loads((composed.keys / "endpoints.json").read_bytes())["tokens"]
    with grpc.insecure_channel(f"127.0.0.1:{composed.port_base}") as channel:
        request = registry.RegisterEnterpriseRequest(request_id="compose-1", registration=enterprise())
        metadata = (("authorization", f"Bearer {tokens['regulator']}"),)
        RegistryServiceStub(channel).RegisterEnterprise(request, metadata=metadata, timeout=20)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not found(f"127.0.0.1:{composed.port_base + 2}"):
        assert time.monotonic() < deadline, "search never showed it"
        time.sleep(0.2)
    assert CODE in httpx.get(f"http://127.0.0.1:{composed.port_base + 3}/records/{CODE}", timeout=20).text
    assert {name: process.poll() for name, process in composed.processes.items()} == dict.fromkeys(composed.processes)
    assert all(composed.is_well(name) for name in composed.checks)


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/readyz", timeout=20).status_code == 200
    except httpx.ConnectError:
        return False


def test_every_container_is_ready_and_can_be_scraped(composed: Composed) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    for name, address in composed.metrics.items():
        while not is_ready(address):
            assert time.monotonic() < deadline, name
            time.sleep(0.2)
        assert "merchantcredit_loop_beat_timestamp_seconds{" in httpx.get(f"http://{address}/metrics", timeout=20).text


@pytest.mark.parametrize(("account", "database"), [("registry", "credit"), ("search", "registry")])
def test_an_account_enters_its_own_database_only(made_keys: Path, databases: str, account: str, database: str) -> None:
    password = (made_keys / "passwords" / account).read_text()
    with psycopg.connect(f"postgresql://{account}:{password}@{databases}/{account}") as connection:
        assert connection.info.dbname == account
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(f"postgresql://{account}:{password}@{databases}/{database}")
