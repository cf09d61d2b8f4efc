"""The cluster as outsiders meet it: stock Kafka clients on its topics, gRPC and the page on its addresses."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import grpc
import httpx
import pytest
from google.protobuf import json_format
from merchantcredit.events.v1.violation_pb2 import ViolationReported
from merchantcredit.registry.v1 import registry_service_pb2 as registry
from merchantcredit.registry.v1.registry_service_pb2_grpc import RegistryServiceStub
from merchantcredit.search.v1 import search_service_pb2 as search
from merchantcredit.search.v1.search_service_pb2_grpc import SearchServiceStub

from deploy.engines.kafka import Kafka
from services.common.eventlog import cloudevents
from services.common.eventlog.topics import COMPLAINT, GRADE_CHANGE, VIOLATION
from services.launcher.cluster import Cluster
from services.launcher.state import Endpoints
from tests.integration.credit.world import CODE, complaint, enterprise, violation

PATIENCE_SECONDS = 90.0
PROTOS = Path(__file__).parents[3] / "protos"


@pytest.fixture(scope="module")
def kcat() -> str:
    """Return the stock client; where it is missing this fails in CI and says so elsewhere."""
    found = shutil.which("kcat")
    assert found, "kcat is missing: install the package kcat"
    return found


@pytest.fixture(scope="module")
def registered(cluster: Endpoints) -> str:
    """Return the code of an enterprise that search knows."""
    with grpc.insecure_channel(cluster.registry) as channel:
        request = registry.RegisterEnterpriseRequest(request_id="r-1", registration=enterprise())
        metadata = (("authorization", f"Bearer {cluster.tokens['regulator']}"),)
        RegistryServiceStub(channel).RegisterEnterprise(request, metadata=metadata, timeout=20)
    until(lambda: revision(cluster) > 0)
    return CODE


def until(holds: Callable[[], bool]) -> None:
    """Wait for what the processes do among themselves."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.2)


def revision(cluster: Endpoints) -> int:
    """Return the revision of the record that search shows, 0 when it shows none."""
    with grpc.insecure_channel(cluster.search) as channel:
        try:
            found = SearchServiceStub(channel).SearchRecords(search.SearchRecordsRequest(query=CODE), timeout=10)
        except grpc.RpcError:
            return 0
    return int(found.hits[0].revision) if found.hits else 0


def produce(kcat: str, kafka: Kafka, file: Path, topic: str, event_id: str, content_type: str) -> None:
    """Put a file's bytes on a topic as one message with a CloudEvent's headers, as a stranger's program does."""
    headers = cloudevents.headers(
        event_id=event_id, event_type=topic, source="//12315.test", time=datetime.now(UTC), content_type=content_type
    )
    words = [word for name, value in headers.items() for word in ("-H", f"{name}={value}")]
    command = [kcat, "-P", "-b", kafka.bootstrap, "-t", topic, "-k", CODE, *words, str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def test_a_complaint_in_json_from_a_stock_client_is_searchable(
    cluster: Endpoints, kafka: Kafka, kcat: str, registered: str, tmp_path: Path
) -> None:
    before = revision(cluster)
    file = tmp_path / "complaint.json"
    file.write_text(json_format.MessageToJson(complaint("json-1", registered), indent=None))
    produce(kcat, kafka, file, COMPLAINT, "json-1", cloudevents.JSON)
    until(lambda: revision(cluster) > before)


def test_a_complaint_in_protobuf_from_a_stock_client_is_searchable(
    cluster: Endpoints, kafka: Kafka, kcat: str, registered: str, tmp_path: Path
) -> None:
    before = revision(cluster)
    file = tmp_path / "complaint.bin"
    file.write_bytes(complaint("binary-1", registered).SerializeToString())
    produce(kcat, kafka, file, COMPLAINT, "binary-1", cloudevents.PROTOBUF)
    until(lambda: revision(cluster) > before)


def test_a_grade_change_is_read_by_a_stock_client_and_decoded_by_protoc(
    cluster: Endpoints, kafka: Kafka, kcat: str, registered: str, tmp_path: Path
) -> None:
    before = revision(cluster)
    heavy: ViolationReported = violation("heavy-1", registered, severity=3, penalty_kind=5, decided_on="2026-05-20")
    (tmp_path / "violation.bin").write_bytes(heavy.SerializeToString())
    produce(kcat, kafka, tmp_path / "violation.bin", VIOLATION, "heavy-1", cloudevents.PROTOBUF)
    until(lambda: revision(cluster) > before)
    command = [kcat, "-C", "-b", kafka.bootstrap, "-t", GRADE_CHANGE, "-o", "beginning", "-c", "1", "-f", "%s"]
    message = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    decode = ["--decode=merchantcredit.events.v1.GradeChanged", "-I", str(PROTOS)]
    protoc = [sys.executable, "-m", "grpc_tools.protoc", *decode, "merchantcredit/events/v1/grade_change.proto"]
    told = subprocess.run(protoc, input=message, check=True, capture_output=True, timeout=60).stdout.decode()
    assert f'credit_code: "{registered}"' in told
    assert "to_grade:" in told


def test_the_page_shows_what_the_services_know(cluster: Endpoints, registered: str) -> None:
    assert registered in httpx.get(f"{cluster.portal}/records/{registered}", timeout=20).text


@pytest.mark.usefixtures("registered")
def test_every_process_is_ready_and_shows_its_metrics(system: Cluster) -> None:
    shown = {name: f"http://{address}" for name, address in system.metrics.items()}
    until(lambda: all(httpx.get(f"{url}/readyz", timeout=20).status_code == 200 for url in shown.values()))
    told = {name: httpx.get(f"{url}/metrics", timeout=20).text for name, url in shown.items()}
    leads = [name for name, text in told.items() if 'merchantcredit_relay_leads{service="credit"} 1.0' in text]
    assert len(leads) == 1
    assert 'merchantcredit_relay_oldest_unsent_seconds{service="credit"}' in told[leads[0]]
    assert 'merchantcredit_grpc_calls_total{code="OK"' in told["registry-serve-0"]
    assert "merchantcredit_index_fresh_at_timestamp_seconds 1." in told["search-project-0"]
