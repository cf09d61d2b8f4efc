"""Metrics as Prometheus sees them: real parts run, something goes well and something wrong, and the numbers move."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import grpc
import httpx
import psycopg
import pytest
from merchantcredit.credit.v1 import credit_service_pb2 as pb
from prometheus_client.parser import text_string_to_metric_families

from services.common.auth.actor import Role
from services.common.eventlog import reader
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.lag import Lag
from services.common.eventlog.port import Message, TopicPartition
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import COMPLAINT, CREDIT_GROUP, SEARCH_GROUP
from services.common.telemetry import health, metrics, names
from services.common.telemetry.names import METRICS
from services.common.telemetry.prometheus import TelemetryServer
from tests.integration.credit.world import CODE, complaint, enterprise, told
from tests.integration.telemetry.system import running, until

SUBMIT = "/merchantcredit.credit.v1.CreditService/SubmitComplaint"


@pytest.fixture
def shown() -> Iterator[str]:
    """Return the address of a telemetry server of its own; nobody is expected yet."""
    health._beats.clear()
    server = TelemetryServer("127.0.0.1:0")
    yield f"http://127.0.0.1:{server.port}"
    server.close()


def ask(url: str) -> httpx.Response:
    return httpx.get(url, timeout=20)


def scrape(address: str) -> Callable[..., float]:
    """Return a look-up in one scrape, by sample name and labels; what is not there is -1."""
    text = ask(f"{address}/metrics").text
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]

    def value(name: str, **labels: str) -> float:
        return next((s.value for s in samples if s.name == name and labels.items() <= s.labels.items()), -1.0)

    return value


async def test_the_numbers_move_with_what_happens(dsn: str, tmp_path: Path, shown: str) -> None:
    async with running(dsn, tmp_path) as system:
        office = system.served.token(Role.OFFICE)
        system.log.publish([told(enterprise(), "e1"), Message(topic=COMPLAINT, key=CODE, value=b"no event")])
        request = pb.SubmitComplaintRequest(request_id="c1", complaint=complaint("c1", received_on="2026-01-05"))
        await system.stub.SubmitComplaint(request, metadata=office)
        with pytest.raises(grpc.aio.AioRpcError):
            await system.stub.SubmitComplaint(request)
        await asyncio.to_thread(until, lambda: system.revision() > 0)
        await asyncio.to_thread(
            until, lambda: scrape(shown)("merchantcredit_dead_letters_total", group=CREDIT_GROUP) == 1
        )
        value = scrape(shown)
        assert value("merchantcredit_grpc_calls_total", method=SUBMIT, code="OK") == 1
        assert value("merchantcredit_grpc_calls_total", method=SUBMIT, code="UNAUTHENTICATED") == 1
        assert value("merchantcredit_errors_total", reason="UNAUTHENTICATED") == 1
        assert value("merchantcredit_grpc_call_seconds_count", method=SUBMIT) == 2
        assert value("merchantcredit_dead_letters_total", group=CREDIT_GROUP, reason="INVALID_FIELD") == 1
        assert value("merchantcredit_batch_records_sum", group=CREDIT_GROUP) == 3
        assert value("merchantcredit_batch_seconds_count", group=SEARCH_GROUP) >= 1
        assert value("merchantcredit_consumer_lag_records", group=CREDIT_GROUP, topic=COMPLAINT) >= 0
        assert value("merchantcredit_consumer_fresh_at_timestamp_seconds", group=CREDIT_GROUP) > 0
        assert value("merchantcredit_index_fresh_at_timestamp_seconds") > 0
        assert value("merchantcredit_pending_oldest_seconds") >= 0
        assert value("process_resident_memory_bytes") > 0


async def test_a_process_is_ready_while_each_of_its_parts_works(dsn: str, tmp_path: Path, shown: str) -> None:
    assert ask(f"{shown}/readyz").status_code == 503
    assert ask(f"{shown}/livez").status_code == 200
    async with running(dsn, tmp_path):
        await asyncio.to_thread(until, lambda: health.not_ready() == [] and len(health._beats) == 3)
        assert ask(f"{shown}/readyz").text == "ok\n"
        health.expect("another")
        told_missing = ask(f"{shown}/readyz")
        assert (told_missing.status_code, "another" in told_missing.text) == (503, True)
        health.forget("another")
    assert ask(f"{shown}/nothing").status_code == 404


def test_every_name_of_the_list_is_shown_and_no_value_that_nobody_told(shown: str) -> None:
    def told_types() -> set[str]:
        return {line.split()[2] for line in ask(f"{shown}/metrics").text.splitlines() if line.startswith("# TYPE")}

    assert scrape(shown)(names.INDEX_FRESH_AT.name) == -1
    assert {m.name for m in METRICS if m.labels} <= told_types()
    for metric in METRICS:
        if not metric.labels:
            metrics.put(metric, 1)
    assert {m.name for m in METRICS} <= told_types()
    assert scrape(shown)(names.INDEX_FRESH_AT.name) == 1


def test_the_oldest_unsent_message_has_an_age_until_it_is_read(dsn: str) -> None:
    start, log = TopicPartition(COMPLAINT, 0), FeedsEventLog(dsn)
    with psycopg.connect(dsn, autocommit=True) as conn:
        assert reader.oldest_seconds(conn, {start: 0}) == 0
        log.publish([Message(topic=COMPLAINT, key=CODE, value=b"", partition=0)])
        Sequencer(dsn).sequence_once()
        assert reader.oldest_seconds(conn, {start: 0}) > 0
        assert reader.oldest_seconds(conn, {start: 1}) == 0
    log.close()


def test_who_is_behind_is_fresh_as_of_when_it_was_not(dsn: str, shown: str) -> None:
    log = FeedsEventLog(dsn)
    consumer = log.consumer(group="lagging", topics=[COMPLAINT], load_offsets=lambda tps: dict.fromkeys(tps, 0))
    lag = Lag(log, "lagging", [COMPLAINT])

    def told_now() -> tuple[float, float]:
        lag._ask_at = 0.0
        lag.tell(consumer)
        value = scrape(shown)
        behind = value("merchantcredit_consumer_lag_records", group="lagging", topic=COMPLAINT)
        return behind, value("merchantcredit_consumer_fresh_at_timestamp_seconds", group="lagging")

    with closing(consumer), closing(log):
        while not consumer.poll(max_records=1, timeout_seconds=0.2) and not consumer.assignment():
            pass
        nothing, first = told_now()
        assert (nothing, first > 0) == (0, True)
        log.publish([Message(topic=COMPLAINT, key=CODE, value=b"", partition=0) for _ in range(2)])
        Sequencer(dsn).sequence_once()
        behind, since = told_now()
        assert (behind, since) == (2, first)
        while consumer.poll(max_records=1, timeout_seconds=0.2):
            pass
        caught_up, fresh = told_now()
        assert (caught_up, fresh > first) == (0, True)
