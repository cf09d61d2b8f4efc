"""Every way in which a penalty can be read, walked: what ended is on none of them, by whatever it ended (行政处罚法 第48条; Order 36)."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message as Proto
from google.protobuf.timestamp_pb2 import Timestamp
from merchantcredit.credit.v1 import credit_service_pb2 as pb
from merchantcredit.credit.v1.credit_service_pb2_grpc import CreditServiceStub
from merchantcredit.credit.v1.record_pb2 import PublicRecord
from merchantcredit.events.v1 import violation_pb2
from merchantcredit.search.v1.search_service_pb2 import SearchRecordsRequest
from merchantcredit.search.v1.search_service_pb2_grpc import SearchServiceStub

from services.common.auth.actor import Role
from services.common.clock import FixedClock, SystemClock, china_day
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import RECORD
from services.common.lifecycle import Loop, run_loops
from services.credit import bootstrap as credit_service
from services.credit.config import CreditConfig
from services.portal.app import make_app
from services.portal.gateway import Channels
from services.registry import bootstrap as registry_service
from services.search import bootstrap as search_service
from tests.integration.credit.world import CODE, KEY, NOW, World, enterprise, told, violation, world
from tests.integration.grpc_fixtures import Served, serve

NUMBER, CONDUCT = "NUMBER-4711", "CONDUCT-4711"
#: Where the public reads; what carries no fact of a penalty, only a score, is compared by that.
PUBLIC = {"GetCreditRecord", "ExplainScore", "ListPublishedPenalties", "page", "English page", "JSON", "record topic"}
OWN = {"ListEvidence", "ListEvidence of the rule", "GetWayBack", "GetPastRecord of today"}
#: Which of them tell the conduct beside the number.
TELLING = (PUBLIC | OWN) - {"ExplainScore", "English page", "GetWayBack"}
SOURCE = "//enforcement.test"
PATIENCE_SECONDS = 60


class Paths:
    """Reads one merchant by every way there is."""

    def __init__(self, credit: World, served: Served, portal: httpx.AsyncClient) -> None:
        self.credit = credit
        self._served = served
        self._stub: Any = CreditServiceStub(served.channel)
        self._search: Any = SearchServiceStub(served.channel)
        self._portal = portal
        self._office = served.token(Role.OFFICE)

    async def walk(self) -> Mapping[str, str]:
        """Return what each way says, as text."""
        return {
            "GetCreditRecord": _text(await self._stub.GetCreditRecord(pb.GetCreditRecordRequest(credit_code=CODE))),
            "ExplainScore": _text(await self._stub.ExplainScore(pb.ExplainScoreRequest(credit_code=CODE))),
            "ListPublishedPenalties": await self._ask("ListPublishedPenalties", pb.ListPublishedPenaltiesRequest()),
            "ListEvidence": await self._ask("ListEvidence", pb.ListEvidenceRequest(credit_code=CODE)),
            "ListEvidence of the rule": await self._ask(
                "ListEvidence", pb.ListEvidenceRequest(credit_code=CODE, rule_id="penalty.ordinary")
            ),
            "GetWayBack": await self._ask("GetWayBack", pb.GetWayBackRequest(credit_code=CODE)),
            "GetPastRecord of today": _text(await self.past(self.credit.clock.moment)),
            "page": (await self._portal.get(f"/records/{CODE}")).text,
            "English page": (await self._portal.get(f"/records/{CODE}?lang=en")).text,
            "JSON": (await self._portal.get(f"/api/v1/records/{CODE}")).text,
            "record topic": _text(self._on_topic()),
        }

    async def past(self, known_at: datetime) -> PublicRecord:
        """Return the record of today as it was known at a moment."""
        moment, today = Timestamp(), china_day(self.credit.clock.moment).isoformat()
        moment.FromDatetime(known_at)
        request = pb.GetPastRecordRequest(credit_code=CODE, as_of=today, known_at=moment, purpose="walk")
        answer = await self._stub.GetPastRecord(request, metadata=self._served.token(Role.REGULATOR))
        record: PublicRecord = answer.record
        return record

    async def evidence(self) -> Sequence[pb.Evidence]:
        """Return all evidence."""
        answer = await self._stub.ListEvidence(pb.ListEvidenceRequest(credit_code=CODE), metadata=self._office)
        evidence: Sequence[pb.Evidence] = answer.evidence
        return evidence

    async def found(self) -> int:
        """Return the score that a search shows, once the index has come to the present revision."""
        wanted = self.credit.record()
        assert wanted is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                answer = await self._search.SearchRecords(SearchRecordsRequest(query=CODE), wait_for_ready=True)
                hits = [hit for hit in answer.hits if hit.revision == wanted.revision]
                assert NUMBER not in _text(answer)
                if hits:
                    return int(hits[0].score_millipoints)

    async def _ask(self, method: str, request: Proto) -> str:
        return _text(await getattr(self._stub, method)(request, metadata=self._office))

    def _on_topic(self) -> PublicRecord:
        """Return the record that stands on the compacted topic."""
        Sequencer(self.credit.dsn).sequence_once()
        ((payload,),) = self.credit.rows(
            "SELECT payload FROM eventlog.message WHERE topic = %s AND key = %s ORDER BY id DESC LIMIT 1", RECORD, CODE
        )
        return PublicRecord.FromString(payload)


def _text(message: Proto) -> str:
    return MessageToJson(message, ensure_ascii=False)


def on(ways: Mapping[str, str], word: str) -> set[str]:
    return {name for name, text in ways.items() if word in text}


@contextmanager
def running(*loops: Loop) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run_loops, args=(loops, stop))
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
async def paths(dsn: str, tmp_path: Path) -> AsyncIterator[Paths]:
    """Yield the ways over real servers and a real index, for a merchant who is registered and has one penalty published."""
    clock, index = FixedClock(NOW), tmp_path / "index"
    config = CreditConfig(dsn=dsn, complainant_key=KEY)
    made = [credit_service.serving(config, clock), registry_service.serving(dsn, clock), search_service.serving(index)]
    with world(dsn, clock=clock) as credit, running(*search_service.projecting(dsn, index, SystemClock())):
        credit.tell(told(enterprise(), "e1"), told(penalty(), "v1", source=SOURCE, at=NOW - timedelta(hours=2)))
        async with serve(tmp_path, lambda: made) as served:
            channels = Channels(registry=served.channel, credit=served.channel, search=served.channel)
            transport = httpx.ASGITransport(make_app(channels, clock))
            async with httpx.AsyncClient(transport=transport, base_url="http://portal") as portal:
                yield Paths(credit, served, portal)


def penalty(**fields: Any) -> violation_pb2.ViolationReported:
    return violation(NUMBER, **{"conduct_type": CONDUCT, "authority_name": "贵阳市市场监督管理局", **fields})


async def test_what_is_published_is_on_every_way(paths: Paths) -> None:
    ways = await paths.walk()
    assert on(ways, NUMBER) == PUBLIC | OWN
    assert on(ways, CONDUCT) == TELLING
    assert await paths.found() == 660_000


@pytest.mark.parametrize("state", [violation_pb2.DECISION_STATE_REVOKED, violation_pb2.DECISION_STATE_REPAIRED])
async def test_a_decision_that_was_revoked_or_repaired_is_on_no_way_at_once(
    paths: Paths, state: violation_pb2.DecisionState
) -> None:
    """The law allows three days (行政处罚法 第48条); the clock stands still here."""
    paths.credit.clock.moment += timedelta(minutes=1)
    paths.credit.tell(told(penalty(state=state), "v2", source=SOURCE, at=NOW + timedelta(minutes=1)))
    ways = await paths.walk()
    assert on(ways, NUMBER) == on(ways, CONDUCT) == set()
    assert await paths.found() == 740_000
    (*_, change) = paths.credit.grade_changes()
    assert (list(change.fact_ids), change.to_grade) == ([], "BBB")
    # The audit read of what had been published until then stays as it was, for those who must answer for it.
    assert NUMBER in _text(await paths.past(NOW))


async def test_a_decision_that_was_changed_is_on_every_way_as_it_is_now(paths: Paths) -> None:
    paths.credit.tell(told(penalty(conduct_type="CONDUCT-4712"), "v2", source=SOURCE, at=NOW))
    ways = await paths.walk()
    assert on(ways, CONDUCT) == set()
    assert on(ways, "CONDUCT-4712") == TELLING


async def test_past_its_window_it_is_on_no_way_with_nothing_arriving(paths: Paths) -> None:
    """No sweep, no event, no worker: the last day of its year of publicity, and the next one (Order 36)."""
    paths.credit.clock.moment = datetime(2027, 5, 19, 15, 59, tzinfo=UTC)  # 23:59 in Asia/Shanghai
    assert on(await paths.walk(), NUMBER) == PUBLIC | OWN
    paths.credit.clock.moment += timedelta(minutes=1)
    ways = await paths.walk()
    # The topic holds what was published; who reads it drops each fact by its own `until`, as the page does.
    assert on(ways, NUMBER) == on(ways, CONDUCT) == {"record topic"}
    published = paths.credit.record()
    assert published is not None
    assert [fact.until for fact in published.facts] == ["2027-05-20"]
    paths.credit.sweeper.sweep_once()
    assert on(await paths.walk(), NUMBER) == set()


async def test_a_mere_warning_is_seen_by_offices_and_the_merchant_only(paths: Paths) -> None:
    before = await paths.found()
    fields = {"penalty_kind": 1, "severity": 1, "fine_fen": 0, "conduct_type": "CONDUCT-W"}
    paths.credit.tell(told(violation("NUMBER-W", **fields), "w1"))
    ways = await paths.walk()
    assert on(ways, "NUMBER-W") == {"ListEvidence", "ListEvidence of the rule"}
    assert await paths.found() == before
    assert paths.credit.restricted().unpublished_penalty_count == 1
    assert not [change for change in paths.credit.grade_changes() if f"penalty:{CODE}:NUMBER-W" in change.fact_ids]


async def test_two_departments_tell_of_one_penalty(paths: Paths) -> None:
    paths.credit.tell(told(penalty(severity=0), "other", source="//enforcement.other", at=NOW))
    (evidence,) = await paths.evidence()
    assert (list(evidence.sources), evidence.assertion_count) == ([SOURCE, "//enforcement.other"], 2)
    assert await paths.found() == 660_000
