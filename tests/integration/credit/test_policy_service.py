"""A second policy over real parts: two persons bring it into force, everybody is re-scored at midnight, a fuse holds."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
from merchantcredit.credit.v1 import policy_service_pb2 as pb
from merchantcredit.credit.v1.policy_service_pb2_grpc import PolicyServiceStub

from services.common.auth.actor import Actor, Role
from services.common.clock import FixedClock
from services.common.db.pool import open_pool
from services.common.kernel.grade import Grade
from services.credit.adapters.past_reader import PostgresPast
from services.credit.adapters.record_reader import RecordReader
from services.credit.adapters.verify_store import RecordEncoder
from services.credit.application.read_past import Question, ReadPast
from services.credit.bootstrap import serving_policies
from services.credit.config import POLICY_FOLDER, CreditConfig
from services.credit.offline import VerifyScores
from tests.benchmarks.workload import codes
from tests.integration.credit.world import KEY, World, complaint, enterprise, told, violation, world
from tests.integration.grpc_fixtures import Served, serve

TEXT = (POLICY_FOLDER / "2026-1.toml").read_text()
TODAY = datetime(2026, 6, 29, 4, tzinfo=UTC)
MIDNIGHT = datetime(2026, 6, 30, 16, tzinfo=UTC)
MANY = codes(12)


def harsher(version: str = "2026-2", permille: int = 50) -> str:
    """Return a draft that costs everybody forty points; its examples are those that it changes, told anew."""
    head = TEXT.split("[[examples]]")[0]
    head = head.replace('version = "2026-1"', f'version = "{version}"').replace("= 2026-01-01", "= 2026-07-01", 1)
    head = head.replace("millipoints = 700000", "millipoints = 640000", 1)
    head = head.replace("downgrade_permille = 50", f"downgrade_permille = {permille}")
    return head + (
        '[[examples]]\ntitle = "五年在营"\nday = 2026-07-15\n'
        'facts = { established_on = 2021-03-01, status = "OPERATING" }\nscore_millipoints = 665000\ngrade = "B"\n'
    )


@pytest.fixture
def credit(dsn: str) -> Iterator[World]:
    with world(dsn, clock=FixedClock(TODAY)) as made:
        made.tell(*(told(enterprise(code, established_on="2014-03-01"), f"e-{code}") for code in MANY))
        made.tell(told(violation("v1", code=MANY[0], severity=3), "v1"))
        yield made


@pytest.fixture
async def served(credit: World, tmp_path: Path) -> AsyncIterator[Served]:
    config = CreditConfig(dsn=credit.dsn, complainant_key=KEY)
    async with serve(tmp_path, lambda: [serving_policies(config, credit.clock)]) as running:
        yield running


class Person:
    """A regulator."""

    def __init__(self, served: Served, name: str, role: Role = Role.REGULATOR) -> None:
        self._stub: Any = PolicyServiceStub(served.channel)
        self._token = served.token(role, name)
        self._name, self._calls = name, 0

    async def call(self, method: str, **fields: Any) -> Any:
        self._calls += 1
        if not method.startswith(("Get", "List")):
            fields["request_id"] = f"{self._name}-{self._calls}"
        return await getattr(self._stub, method)(getattr(pb, f"{method}Request")(**fields), metadata=self._token)

    async def refused(self, method: str, **fields: Any) -> grpc.aio.AioRpcError:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await self.call(method, **fields)
        return refusal.value


async def bring_into_force(served: Served, text: str, version: str = "2026-2") -> Any:
    li, wang = Person(served, "li"), Person(served, "wang")
    await li.call("DraftPolicy", text=text)
    await li.call("ShadowPolicy", version=version)
    await wang.call("ApprovePolicy", version=version)
    return await wang.call("ActivatePolicy", version=version)


def records(credit: World) -> dict[str, tuple[str, int, str]]:
    found = {code: credit.record(code) for code in MANY}
    return {code: (r.grade, r.score_millipoints, r.policy_version) for code, r in found.items() if r}


def past_version(credit: World, as_of: date) -> str:
    """Return the policy by which a day before the new one's first is computed now."""
    pool = open_pool(credit.dsn)
    read = ReadPast(PostgresPast(pool), RecordEncoder(), credit.sweeper._policies, credit.clock)
    auditor = Actor(subject="auditor", office="520000", roles=frozenset({Role.REGULATOR}))
    question = Question(code=MANY[0], as_of=as_of, known_at=credit.clock.now(), purpose="抽查")
    past = read.execute(auditor, question)
    pool.close()
    assert not past.is_published
    return past.policy_version


def clean(credit: World) -> None:
    assert list(VerifyScores(credit.dsn).differences()) == []


async def test_a_policy_goes_from_draft_to_force_and_everybody_is_rescored_at_midnight(
    credit: World, served: Served
) -> None:
    before = records(credit)
    li = Person(served, "li")
    checked = await li.call("DraftPolicy", text=harsher(permille=1000), validate_only=True)
    assert checked.policy.version == "2026-2"
    assert (await li.refused("GetPolicy", version="2026-2")).code() is grpc.StatusCode.NOT_FOUND
    activated = await bring_into_force(served, harsher(permille=1000))
    assert activated.policy.stage == pb.POLICY_STAGE_ACTIVE
    assert (activated.policy.drafted_by, activated.policy.approved_by) == ("li", "wang")
    assert activated.backtest.day == "2026-07-01"
    moves = {(move.from_grade, move.to_grade): move.count for move in activated.backtest.moves}
    assert moves == {("BBB", "B"): 11, ("CCC", "CCC"): 1}
    assert list(activated.backtest.differences) == []
    assert [p.version for p in (await li.call("ListPolicies")).policies] == ["2026-2", "2026-1"]
    credit.sweeper.sweep_once()
    assert records(credit) == before
    credit.clock.moment = MIDNIGHT
    assert credit.sweeper.sweep_once() >= 12
    after = records(credit)
    assert {version for _, _, version in after.values()} == {"2026-2"}
    assert [after[code][1] - before[code][1] for code in MANY[1:]] == [-60_000] * 11
    assert credit.sweeper.sweep_once() == 0
    clean(credit)
    assert past_version(credit, date(2026, 6, 20)) == "2026-1"
    fuse = (await li.call("GetFuse", version="2026-2")).fuse
    assert (fuse.rated_count, fuse.downgraded_count, fuse.is_blown) == (12, 11, False)


async def test_the_fuse_holds_downgrades_only_and_a_person_lifts_it(credit: World, served: Served) -> None:
    await bring_into_force(served, harsher())
    before = records(credit)
    credit.clock.moment = MIDNIGHT
    # An event that comes before the fuse is judged is taken, and downgrades nobody by the policy.
    credit.tell(told(complaint("c1", code=MANY[1], received_on="2026-06-20", response=1, status=4), "c1", at=TODAY))
    early = records(credit)[MANY[1]]
    assert early[2] == "2026-1"
    assert early[1] < before[MANY[1]][1]
    credit.sweeper.sweep_once()
    held = records(credit)
    assert {held[code][0] for code in MANY[2:]} == {"BBB"}
    assert {held[code][2] for code in MANY[1:]} == {"2026-1"}
    assert held[MANY[0]][2] == "2026-2"
    assert credit.rows("SELECT count(*) FROM credit.subject WHERE is_held") == [(11,)]
    clean(credit)
    # A withdrawal passes while the fuse holds, and so does a new penalty.
    later = MIDNIGHT + timedelta(minutes=5)
    credit.clock.moment = later
    credit.tell(told(complaint("c1", code=MANY[1], received_on="2026-06-20", status=6, response=0), "c1-w", at=later))
    credit.tell(told(violation("v2", code=MANY[2], severity=3), "v2", at=later))
    passed = records(credit)
    assert passed[MANY[1]] == held[MANY[2]]
    assert Grade[passed[MANY[2]][0]] < Grade.BBB
    clean(credit)
    li, wang = Person(served, "li"), Person(served, "wang")
    assert (await wang.call("GetFuse", version="2026-2")).fuse.is_blown
    assert (await li.refused("LiftFuse", version="2026-2", reason="")).code() is grpc.StatusCode.INVALID_ARGUMENT
    lifted = (await li.call("LiftFuse", version="2026-2", reason="已逐户复核")).fuse
    assert (lifted.lifted_by, lifted.reason) == ("li", "已逐户复核")
    assert (await li.call("LiftFuse", version="2026-2", reason="已逐户复核")).fuse == lifted
    assert (
        await wang.refused("LiftFuse", version="2026-2", reason="再次")
    ).code() is grpc.StatusCode.FAILED_PRECONDITION
    credit.clock.moment = later + timedelta(seconds=2)
    credit.sweeper.sweep_once()
    released = records(credit)
    assert {version for _, _, version in released.values()} == {"2026-2"}
    assert {released[code][0] for code in MANY[3:]} == {"B"}
    assert credit.rows("SELECT count(*) FROM credit.subject WHERE is_held") == [(0,)]
    clean(credit)


async def test_a_reader_that_comes_before_the_sweep_reads_by_the_new_policy(credit: World, served: Served) -> None:
    await bring_into_force(served, harsher(permille=1000))
    credit.clock.moment = MIDNIGHT
    assert credit.sweeper.sweep_once() >= 12
    policies = credit.sweeper._policies
    reader = RecordReader(credit.dsn, policies, credit.clock)
    with psycopg.connect(credit.dsn) as conn:
        conn.execute("UPDATE credit.public_record SET policy_version = '2026-1', good_until = NULL")
    stored = await reader.read(MANY[3])
    record = credit.record(MANY[3])
    assert stored is not None
    assert record is not None
    assert type(record).FromString(stored).policy_version == "2026-2"
    reader.close()


async def test_a_difference_from_the_approved_run_is_traced_to_its_fact(credit: World, served: Served) -> None:
    li, wang = Person(served, "li"), Person(served, "wang")
    await li.call("DraftPolicy", text=harsher())
    await li.call("ShadowPolicy", version="2026-2")
    approved = (await wang.call("ApprovePolicy", version="2026-2")).backtest
    assert approved.active_version == "2026-1"
    credit.tell(told(violation("after", code=MANY[4], severity=2), "after"))
    run = (await wang.call("ActivatePolicy", version="2026-2")).backtest
    (difference,) = run.differences
    assert (difference.credit_code, list(difference.fact_ids)) == (MANY[4], [f"penalty:{MANY[4]}:after"])
    assert difference.before != difference.after
    kept = (await wang.call("GetBacktest", version="2026-2", at_activation=True)).backtest
    assert kept == run
    assert (await wang.call("GetBacktest", version="2026-2")).backtest == approved


async def test_a_difference_without_a_fact_refuses_the_activation(credit: World, served: Served) -> None:
    li, wang = Person(served, "li"), Person(served, "wang")
    await li.call("DraftPolicy", text=harsher())
    await li.call("ShadowPolicy", version="2026-2")
    await wang.call("ApprovePolicy", version="2026-2")
    with psycopg.connect(credit.dsn) as conn:
        conn.execute(
            "UPDATE credit.subject SET registration = replace(registration, '2014-03-01', '2022-03-01') WHERE code = %s",
            [MANY[5]],
        )
    refused = await wang.refused("ActivatePolicy", version="2026-2")
    assert refused.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert MANY[5] in (refused.details() or "")


async def test_bad_drafts_are_refused_by_the_key_and_the_fix(served: Served) -> None:
    li = Person(served, "li")
    for text, said in (
        (harsher().replace("least_cases = 10\n", ""), "complaint.burst.least_cases is absent"),
        (harsher().replace("factor = 4000", "factor = 4.5"), "complaint.burst.factor 4.5 is a float"),
        (harsher().replace("score_millipoints = 665000", "score_millipoints = 1"), "example fails"),
        ("= no toml", "no TOML"),
    ):
        refused = await li.refused("DraftPolicy", text=text)
        assert refused.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert said in (refused.details() or "")
    await li.call("DraftPolicy", text=harsher())
    assert (await li.refused("DraftPolicy", text=harsher(permille=7))).code() is grpc.StatusCode.ALREADY_EXISTS


async def test_two_policies_are_not_in_force_from_the_same_day(served: Served) -> None:
    await bring_into_force(served, harsher())
    li, wang = Person(served, "li"), Person(served, "wang")
    await li.call("DraftPolicy", text=harsher("2026-3"))
    await li.call("ShadowPolicy", version="2026-3")
    await wang.call("ApprovePolicy", version="2026-3")
    refused = await wang.refused("ActivatePolicy", version="2026-3")
    assert "overlap" in (refused.details() or "")
