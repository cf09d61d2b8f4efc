"""Splits over a real server and database: a new revision names the origin, what cannot be is refused, and all is reversible."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot
from merchantcredit.registry.v1 import registry_service_pb2 as pb
from merchantcredit.registry.v1.registry_service_pb2_grpc import RegistryServiceStub

from services.common.auth.actor import Role
from services.common.clock import FixedClock
from services.registry.bootstrap import serving
from tests.integration.grpc_fixtures import Served, serve

pytestmark = pytest.mark.both_majors

NEW = "91520900MA6GN48P46"
ORIGIN = "9152000071430580XT"
THIRD = "91330100799655058B"
STRANGER = "91110000802100433B"
DAY = "2026-06-14"
CLOCK = FixedClock(datetime(2026, 6, 15, 4, tzinfo=UTC))


class Office:
    """An office at the registry, each call under a request id of its own unless it is given."""

    def __init__(self, served: Served) -> None:
        self._stub: Any = RegistryServiceStub(served.channel)
        self._token = served.token(Role.OFFICE)
        self._calls = 0

    def _id(self, given: str) -> str:
        self._calls += 1
        return given or f"call{self._calls}"

    async def register(self, code: str, **fields: str) -> EnterpriseSnapshot:
        given = {"name": "某某商贸有限公司", "established_on": "2018-01-05", **fields}
        request = pb.RegisterEnterpriseRequest(
            request_id=self._id(""),
            registration=EnterpriseSnapshot(credit_code=code, status=1, **given),  # type: ignore[arg-type]
        )
        answer = await self._stub.RegisterEnterprise(request, metadata=self._token)
        return answer.enterprise.registration  # type: ignore[no-any-return]

    async def split(self, code: str, origin: str, day: str = DAY, request_id: str = "") -> EnterpriseSnapshot:
        request = pb.SplitEnterpriseRequest(
            request_id=self._id(request_id), credit_code=code, from_credit_code=origin, split_on=day
        )
        answer = await self._stub.SplitEnterprise(request, metadata=self._token)
        return answer.enterprise.registration  # type: ignore[no-any-return]

    async def undo(self, code: str, request_id: str = "") -> EnterpriseSnapshot:
        request = pb.UndoSplitEnterpriseRequest(request_id=self._id(request_id), credit_code=code)
        answer = await self._stub.UndoSplitEnterprise(request, metadata=self._token)
        return answer.enterprise.registration  # type: ignore[no-any-return]

    async def merge(self, code: str, into: str, request_id: str = "") -> EnterpriseSnapshot:
        request = pb.MergeEnterpriseRequest(
            request_id=self._id(request_id), credit_code=code, into_credit_code=into, merged_on=DAY
        )
        answer = await self._stub.MergeEnterprise(request, metadata=self._token)
        return answer.enterprise.registration  # type: ignore[no-any-return]


@pytest.fixture
async def served(dsn: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with serve(tmp_path, lambda: [serving(dsn, CLOCK)]) as running:
        yield running


@pytest.fixture
async def office(served: Served) -> Office:
    """Return an office whose registry knows three enterprises."""
    at = Office(served)
    for code in (NEW, ORIGIN, THIRD):
        await at.register(code)
    return at


def told_of(dsn: str, code: str) -> list[EnterpriseSnapshot]:
    """Return what the registry's topic was told of an enterprise, in order."""
    with psycopg.connect(dsn) as conn:
        rows = conn.execute("SELECT payload FROM eventlog.message WHERE key = %s ORDER BY id", [code]).fetchall()
    return [EnterpriseSnapshot.FromString(payload) for (payload,) in rows]


def details(error: grpc.aio.AioRpcError) -> tuple[str, set[str], dict[str, str]]:
    """Return the reason of a refusal, the fields that are wrong, and its metadata."""
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in rpc_status.from_call(error).details:
        detail.Unpack(info)
        detail.Unpack(bad)
    return info.reason, {violation.field for violation in bad.field_violations}, dict(info.metadata)


async def test_a_split_is_one_new_revision_that_names_the_origin(office: Office, dsn: str) -> None:
    split = await office.split(NEW, ORIGIN)
    assert (split.split_from, split.split_on, split.revision) == (ORIGIN, DAY, 2)
    assert told_of(dsn, NEW)[-1] == split
    assert [told.revision for told in told_of(dsn, ORIGIN)] == [1]


async def test_the_same_split_again_changes_nothing(office: Office, dsn: str) -> None:
    first = await office.split(NEW, ORIGIN, request_id="s")
    assert await office.split(NEW, ORIGIN, request_id="s") == first
    assert await office.split(NEW, ORIGIN, request_id="other") == first
    assert len(told_of(dsn, NEW)) == 2


async def test_the_day_of_a_split_is_corrected_by_telling_it_again(office: Office) -> None:
    await office.split(NEW, ORIGIN)
    corrected = await office.split(NEW, ORIGIN, "2026-06-13")
    assert (corrected.split_on, corrected.revision) == ("2026-06-13", 3)


async def test_a_split_may_lie_before_the_day_of_establishment(office: Office) -> None:
    assert (await office.split(NEW, ORIGIN, "2017-12-20")).split_on == "2017-12-20"


async def test_a_split_that_is_undone_leaves_no_trace_but_its_revision(office: Office, dsn: str) -> None:
    await office.split(NEW, ORIGIN)
    undone = await office.undo(NEW, request_id="u")
    assert (undone.split_from, undone.split_on, undone.revision) == ("", "", 3)
    assert await office.undo(NEW, request_id="u") == undone
    assert await office.undo(NEW) == undone
    assert len(told_of(dsn, NEW)) == 3
    assert (await office.split(NEW, THIRD)).split_from == THIRD


async def test_a_correction_of_the_registration_keeps_the_split(office: Office) -> None:
    await office.split(NEW, ORIGIN)
    corrected = await office.register(NEW, name="新名有限公司", split_from=THIRD, split_on="2026-01-01")
    assert (corrected.name, corrected.split_from, corrected.split_on) == ("新名有限公司", ORIGIN, DAY)


async def test_a_split_and_a_merger_stand_beside_each_other(office: Office) -> None:
    await office.split(NEW, ORIGIN)
    both = await office.merge(NEW, ORIGIN)
    assert (both.split_from, both.merged_into) == (ORIGIN, ORIGIN)
    assert (await office.undo(NEW)).merged_into == ORIGIN


@pytest.mark.parametrize(
    ("code", "origin", "day", "field"),
    [
        (NEW, NEW, DAY, "from_credit_code"),
        (NEW, "no code", DAY, "from_credit_code"),
        ("no code", ORIGIN, DAY, "credit_code"),
        (NEW, ORIGIN, "2026-06-16", "split_on"),
        (NEW, ORIGIN, "soon", "split_on"),
        (NEW, ORIGIN, "", "split_on"),
    ],
)
async def test_a_split_that_cannot_be_is_refused_by_its_field(
    office: Office, code: str, origin: str, day: str, field: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await office.split(code, origin, day)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert details(caught.value)[1] == {field}


@pytest.mark.parametrize(("code", "origin"), [(NEW, STRANGER), (STRANGER, ORIGIN)])
async def test_an_enterprise_that_is_not_registered_is_named(office: Office, code: str, origin: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await office.split(code, origin)
    reason, _, metadata = details(caught.value)
    assert (reason, metadata["resource_name"]) == ("NOT_FOUND", STRANGER)


async def test_a_split_of_nobody_is_not_undone(office: Office) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await office.undo(STRANGER)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_who_comes_from_one_does_not_come_from_another(office: Office) -> None:
    await office.split(NEW, ORIGIN)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await office.split(NEW, THIRD)
    reason, _, metadata = details(caught.value)
    assert (reason, metadata["split_from"]) == ("PRECONDITION_FAILED", ORIGIN)
    assert f"{NEW} was split from {ORIGIN} already" in (caught.value.details() or "")


async def test_nobody_comes_from_what_comes_from_it(office: Office) -> None:
    await office.split(NEW, ORIGIN)
    await office.split(THIRD, NEW)
    for origin, child in ((NEW, NEW), (THIRD, NEW)):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await office.split(ORIGIN, origin)
        reason, _, metadata = details(caught.value)
        assert (reason, metadata["credit_code"], metadata["split_from"]) == ("PRECONDITION_FAILED", child, ORIGIN)


async def test_of_splits_told_at_once_that_would_make_a_ring_one_is_refused(office: Office) -> None:
    ring = {NEW: ORIGIN, ORIGIN: THIRD, THIRD: NEW}
    answers = await asyncio.gather(*(office.split(*link) for link in ring.items()), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert [error.code() for error in refused] == [grpc.StatusCode.FAILED_PRECONDITION]


async def test_a_request_id_of_a_merger_is_not_one_of_a_split(office: Office) -> None:
    await office.merge(NEW, ORIGIN, request_id="same")
    for call in (office.split(NEW, ORIGIN, request_id="same"), office.undo(NEW, request_id="same")):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert details(caught.value)[0] == "REQUEST_ID_REUSED"


async def test_only_regulators_and_offices_tell_of_splits(served: Served) -> None:
    stub: Any = RegistryServiceStub(served.channel)
    token = served.token(Role.PLATFORM)
    for call in (
        stub.SplitEnterprise(pb.SplitEnterpriseRequest(credit_code=NEW, from_credit_code=ORIGIN), metadata=token),
        stub.UndoSplitEnterprise(pb.UndoSplitEnterpriseRequest(credit_code=NEW), metadata=token),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
