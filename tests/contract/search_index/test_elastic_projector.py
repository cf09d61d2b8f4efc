"""The search service over Elasticsearch: records of the topic are projected, found over the wire, lost and rebuilt."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager

import grpc
import pytest
from elasticsearch import Elasticsearch as Client
from joserfc.jwk import OKPKey
from merchantcredit.credit.v1.record_pb2 import PublicRecord
from merchantcredit.search.v1 import search_service_pb2 as pb
from merchantcredit.search.v1.search_service_pb2_grpc import SearchServiceStub

from services.common.auth.tokens import Verifier
from services.common.clock import SystemClock
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.port import Message
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import RECORD
from services.common.grpc.server import start
from services.common.lifecycle import run_loops
from services.search.adapters.elastic_client import ElasticSettings
from services.search.adapters.elastic_schema import PROGRESS_ID, progress_to_elastic
from services.search.application.ports import Progress
from services.search.cluster import projecting, serving
from tests.contract.search_index.suite import code

PATIENCE_SECONDS = 30.0
Publish = Callable[[Sequence[PublicRecord]], None]


@pytest.fixture
def log(dsn: str) -> Iterator[FeedsEventLog]:
    log = FeedsEventLog(dsn)
    yield log
    log.close()


@pytest.fixture
def publish(log: FeedsEventLog) -> Publish:
    def send(records: Sequence[PublicRecord]) -> None:
        log.publish([Message(topic=RECORD, key=r.credit_code, value=r.SerializeToString()) for r in records])

    return send


@pytest.fixture
async def stub(settings: ElasticSettings) -> AsyncIterator[SearchServiceStub]:
    verifier = Verifier(OKPKey.generate_key("Ed25519"))
    server = await start([serving(settings)], verifier=verifier, address="127.0.0.1:0")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield SearchServiceStub(channel)
    await server.stop()


@contextmanager
def projector(dsn: str, settings: ElasticSettings) -> Iterator[None]:
    """Run the sequencer and the projector for a while; raises what they raised."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            run_loops([Sequencer(dsn), *projecting(dsn, settings, SystemClock())], stop)
        except BaseException as error:  # noqa: BLE001 - raised below, in the test's own thread
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert failures == []


def public(n: int, name: str, revision: int = 1) -> PublicRecord:
    return PublicRecord(credit_code=code(n), name=name, grade="A", revision=revision, region_code="520102", status=1)  # type: ignore[arg-type]


async def search(stub: SearchServiceStub, query: str, until: Callable[[Sequence[str]], bool]) -> Sequence[str]:
    """Search until the names found are as they should be; the projection follows the topic."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    names: list[str] | None = None
    while names is None or not until(names):
        assert time.monotonic() < deadline, names
        try:
            answer = await stub.SearchRecords(pb.SearchRecordsRequest(query=query, page_size=100))
            names = [hit.name for hit in answer.hits]
        except grpc.aio.AioRpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:  # the writer has not made the index yet
                raise
        await asyncio.sleep(0.02)
    return names


def in_use(client: Client, settings: ElasticSettings) -> str:
    (generation,) = client.indices.get_alias(name=settings.name)
    return str(generation)


async def test_a_published_record_is_found_updated_and_deleted(
    dsn: str, settings: ElasticSettings, log: FeedsEventLog, publish: Publish, stub: SearchServiceStub
) -> None:
    with projector(dsn, settings):
        publish([public(1, "贵州优品电子商务有限公司"), public(2, "遵义黔货商行")])
        await search(stub, "优品", lambda names: names == ["贵州优品电子商务有限公司"])
        publish([public(1, "贵州佳品电子商务有限公司", 3), public(1, "贵州旧品电子商务有限公司", 2)])
        await search(stub, "佳品", lambda names: names == ["贵州佳品电子商务有限公司"])
        await search(stub, "旧品", lambda names: "贵州旧品电子商务有限公司" not in names)
        log.publish([Message(topic=RECORD, key=code(2), value=b"")])
        publish([public(3, "后来商行")])
        await search(stub, "后来", lambda names: names == ["后来商行"])
        await search(stub, "黔货", lambda names: not names)


async def test_nothing_stays_missing_after_the_index_was_removed(
    dsn: str, settings: ElasticSettings, client: Client, publish: Publish, stub: SearchServiceStub
) -> None:
    with projector(dsn, settings):
        publish([public(n, f"优品{n}号店") for n in range(50)])
        await search(stub, "优品", lambda names: len(names) == 50)
    client.indices.delete(index=in_use(client, settings))
    with projector(dsn, settings):
        publish([public(50, "优品50号店")])
        await search(stub, "优品", lambda names: len(names) == 51)


async def test_an_index_of_a_lost_future_is_rebuilt(
    dsn: str, settings: ElasticSettings, client: Client, publish: Publish, stub: SearchServiceStub
) -> None:
    with projector(dsn, settings):
        publish([public(n, f"优品{n}号店") for n in range(50)])
        await search(stub, "优品", lambda names: len(names) == 50)
    lost = in_use(client, settings)
    ahead = progress_to_elastic(Progress(positions={0: 99_999}))
    client.index(index=lost, id=PROGRESS_ID, document=ahead, refresh=True)
    with projector(dsn, settings):
        await search(stub, "优品", lambda names: len(names) == 50 and in_use(client, settings) != lost)


async def test_an_index_of_other_code_is_rebuilt_from_the_topic(
    dsn: str, settings: ElasticSettings, client: Client, publish: Publish, stub: SearchServiceStub
) -> None:
    publish([public(n, f"优品{n}号店") for n in range(50)])
    Sequencer(dsn).sequence_once()
    client.indices.create(index=f"{settings.name}-v999-1", aliases={settings.name: {}})
    with projector(dsn, settings):
        await search(stub, "优品", lambda names: len(names) == 50)
