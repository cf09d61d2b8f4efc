"""From the record topic to an answer over gRPC: the projection in a thread, the service on a real port."""

import shutil
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from joserfc.jwk import OKPKey
from merchantcredit.credit.v1.record_pb2 import PublicRecord
from merchantcredit.events.v1.enterprise_pb2 import OperatingStatus
from merchantcredit.search.v1 import search_service_pb2 as pb
from merchantcredit.search.v1.search_service_pb2_grpc import SearchServiceStub

from services.common.auth.tokens import Verifier
from services.common.clock import SystemClock
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.port import Message
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import RECORD
from services.common.grpc.server import start
from services.common.lifecycle import Loop, run_loops
from services.search.bootstrap import projecting, serving

PATIENCE_SECONDS = 20.0
MADE_UP = "made up"
Publish = Callable[[Sequence[PublicRecord]], None]


def code(n: int) -> str:
    return f"91520102MA6{n:07d}"


def public(n: int, name: str, revision: int = 1, grade: str = "A") -> PublicRecord:
    return PublicRecord(
        credit_code=code(n),
        name=name,
        grade=grade,
        revision=revision,
        region_code="520102",
        status=OperatingStatus.OPERATING_STATUS_OPERATING,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


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


@contextmanager
def running(loops: Sequence[Loop]) -> Iterator[None]:
    stop = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            run_loops(loops, stop)
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


@pytest.fixture
async def stub(folder: Path) -> AsyncIterator[SearchServiceStub]:
    verifier = Verifier(OKPKey.generate_key("Ed25519"))
    server = await start([serving(folder)], verifier=verifier, address="127.0.0.1:0")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield SearchServiceStub(channel)
    await server.stop()


async def search(
    stub: SearchServiceStub, query: str, until: Callable[[pb.SearchRecordsResponse], bool]
) -> pb.SearchRecordsResponse:
    """Search until the answer is as it should be; the projection follows the topic, it is not part of its commit."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    answer: pb.SearchRecordsResponse | None = None
    while answer is None or not until(answer):
        assert time.monotonic() < deadline, answer
        try:
            answer = await stub.SearchRecords(pb.SearchRecordsRequest(query=query))
        except grpc.aio.AioRpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:  # the writer has not made the index yet
                raise
    return answer


def names(answer: pb.SearchRecordsResponse) -> list[str]:
    return [hit.name for hit in answer.hits]


async def test_a_published_record_is_found_updated_and_deleted(
    dsn: str, folder: Path, log: FeedsEventLog, publish: Publish, stub: SearchServiceStub
) -> None:
    before = datetime.now(UTC)
    with running([Sequencer(dsn), *projecting(dsn, folder, SystemClock())]):
        publish([public(1, "贵州优品电子商务有限公司")])
        answer = await search(stub, "优品", lambda a: a.total_count == 1 and a.HasField("as_of_time"))
        (hit,) = answer.hits
        assert (hit.credit_code, hit.status, hit.revision) == (code(1), "在营（开业）", 1)
        assert not hit.HasField("score_millipoints")
        publish([public(1, "贵州佳品电子商务有限公司", 2), public(1, "贵州旧品电子商务有限公司", 1)])
        assert names(await search(stub, "佳品", lambda a: a.total_count == 1)) == ["贵州佳品电子商务有限公司"]
        log.publish([Message(topic=RECORD, key=code(1), value=b"")])
        await search(stub, "佳品", lambda a: a.total_count == 0)
        fresh = await search(stub, "佳品", lambda a: a.as_of_time.ToDatetime(UTC) > before)
        assert fresh.as_of_time.ToDatetime(UTC) < datetime.now(UTC)


async def test_nothing_stays_missing_after_the_index_was_removed(
    dsn: str, folder: Path, publish: Publish, stub: SearchServiceStub
) -> None:
    with running([Sequencer(dsn), *projecting(dsn, folder, SystemClock())]):
        publish([public(n, f"优品{n}号店") for n in range(50)])
        await search(stub, "优品", lambda a: a.total_count == 50)
    shutil.rmtree(folder)
    with running([Sequencer(dsn), *projecting(dsn, folder, SystemClock())]):
        publish([public(50, "优品50号店")])
        await search(stub, "优品", lambda a: a.total_count == 51)


async def test_an_index_of_other_code_is_rebuilt(
    dsn: str, folder: Path, publish: Publish, stub: SearchServiceStub
) -> None:
    with running([Sequencer(dsn), *projecting(dsn, folder, SystemClock())]):
        publish([public(n, f"优品{n}号店") for n in range(50)])
        await search(stub, "优品", lambda a: a.total_count == 50)
    other = folder / "v999-0.0.0-0"
    other.mkdir()
    (folder / "current").write_text(other.name)
    with running(projecting(dsn, folder, SystemClock())):
        await search(stub, "优品", lambda a: a.total_count == 50)


async def test_an_index_of_a_lost_future_is_rebuilt(
    dsn: str, folder: Path, publish: Publish, stub: SearchServiceStub
) -> None:
    publish([public(1, "优品一店")])
    Sequencer(dsn).sequence_once()
    with running(projecting(dsn, folder, SystemClock())):
        await search(stub, "优品", lambda a: a.total_count == 1)
    generation = (folder / "current").read_text()
    (folder / generation / "progress.json").write_text('{"as_of":"","positions":{"0":99}}')
    with running(projecting(dsn, folder, SystemClock())):
        await search(stub, "优品", lambda _: (folder / "current").read_text() != generation)
        await search(stub, "优品", lambda a: a.total_count == 1)


async def test_a_bad_message_is_a_dead_letter_and_stops_nobody(
    dsn: str, folder: Path, log: FeedsEventLog, publish: Publish, stub: SearchServiceStub
) -> None:
    with running([Sequencer(dsn), *projecting(dsn, folder, SystemClock())]):
        log.publish([Message(topic=RECORD, key=code(9), value=b"\xff")])
        publish([public(1, "优品一店")])
        await search(stub, "优品", lambda a: a.total_count == 1)
    Sequencer(dsn).sequence_once()
    ends = log.end_offsets(f"{RECORD}.dlq.search.project")
    assert sum(ends.values()) == 1


async def test_pages_filters_and_suggestions_over_the_wire(
    dsn: str, folder: Path, publish: Publish, stub: SearchServiceStub
) -> None:
    with running([Sequencer(dsn), *projecting(dsn, folder, SystemClock())]):
        publish([public(n, f"优品{n}号店", grade="AA" if n % 2 else "D") for n in range(30)])
        await search(stub, "优品", lambda a: a.total_count == 30)
    request = pb.SearchRecordsRequest(query="优品", grades=["AA"], region_prefix="5201", page_size=10)
    first = await stub.SearchRecords(request)
    request.page_token = first.next_page_token
    second = await stub.SearchRecords(request)
    assert (first.total_count, len(first.hits), len(second.hits)) == (15, 10, 5)
    assert second.next_page_token == ""
    assert {hit.credit_code for hit in (*first.hits, *second.hits)} == {code(n) for n in range(1, 30, 2)}
    suggested = await stub.SuggestRecords(pb.SuggestRecordsRequest(prefix="youp"))
    assert len(suggested.suggestions) == 8


@pytest.mark.parametrize(
    ("request_", "field", "reason"),
    [
        (pb.SearchRecordsRequest(query=""), "query", "INVALID_FIELD"),
        (pb.SearchRecordsRequest(query="名" * 101), "query", "INVALID_FIELD"),
        (pb.SearchRecordsRequest(query="优品", grades=["A", "E"]), "grades", "INVALID_FIELD"),
        (pb.SearchRecordsRequest(query="优品", region_prefix="52x"), "region_prefix", "INVALID_FIELD"),
        (pb.SearchRecordsRequest(query="优品", region_prefix="5201021"), "region_prefix", "INVALID_FIELD"),
        (pb.SearchRecordsRequest(query="优品", page_size=-1), "page_size", "INVALID_FIELD"),
        (pb.SearchRecordsRequest(query="优品", page_token=MADE_UP), "page_token", "INVALID_PAGE_TOKEN"),
        (pb.SuggestRecordsRequest(prefix="（）"), "prefix", "INVALID_FIELD"),
        (pb.SuggestRecordsRequest(prefix="优", limit=-1), "limit", "INVALID_FIELD"),
    ],
)
async def test_what_is_wrong_is_refused_by_field(
    stub: SearchServiceStub, request_: pb.SearchRecordsRequest | pb.SuggestRecordsRequest, field: str, reason: str
) -> None:
    method = stub.SearchRecords if isinstance(request_, pb.SearchRecordsRequest) else stub.SuggestRecords
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await method(request_)
    status = rpc_status.from_call(refused.value)  # type: ignore[arg-type]  # an AioRpcError is read like a call
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert status is not None
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    status.details[0].Unpack(info)
    status.details[1].Unpack(bad)
    assert (info.reason, [v.field for v in bad.field_violations]) == (reason, [field])


async def test_without_an_index_the_service_is_unavailable(stub: SearchServiceStub) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.SearchRecords(pb.SearchRecordsRequest(query="优品"))
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
