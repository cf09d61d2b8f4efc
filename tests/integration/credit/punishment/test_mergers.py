"""A merger is a link here too: triggers, measures and lifts are those of the family, and who is no more is not listed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from merchantcredit.credit.v1 import punishment_pb2 as model
from merchantcredit.credit.v1 import punishment_service_pb2 as pb
from merchantcredit.credit.v1.record_pb2 import OpenLift

from services.common.auth.actor import Role
from services.credit.adapters.restricted_reader import RestrictedReader
from tests.integration.credit.punishment.office_world import EVIDENCE, OfficeWorld, office_world, refused, rid
from tests.integration.credit.world import CODE, OTHER, enterprise, told, violation

PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
PROCUREMENT, FUNDING = model.CHECK_PURPOSE_PROCUREMENT, model.CHECK_PURPOSE_FUNDING
HONEST = {"list_id": "honest", "trigger_id": "honest-demonstration", "severity": 1, "is_grave": False}


@pytest.fixture
async def offices(dsn: str, tmp_path: Path) -> AsyncIterator[OfficeWorld]:
    async with office_world(dsn, tmp_path) as made:
        yield made


def merge(offices: OfficeWorld, into: str = OTHER, revision: int = 2) -> None:
    """Let the registry tell that CODE was merged, or, into nothing, that it was not."""
    on = "2026-06-14" if into else ""
    offices.world.tell(told(enterprise(revision=revision, merged_into=into, merged_on=on), f"merged{revision}"))


async def proposed(offices: OfficeWorld) -> dict[str, model.Listing]:
    request = pb.ListListingsRequest(list_id="key-attention", state=model.LISTING_STATE_PROPOSED)
    found = await offices.stub.ListListings(request, metadata=offices.decider)
    return {one.credit_code: one for one in found.listings}


async def checked(offices: OfficeWorld, code: str, purpose: int = PROCUREMENT) -> set[tuple[str, str]]:
    request = pb.CheckEnterpriseRequest(credit_code=code, purpose=model.CheckPurpose.ValueType(purpose))
    answer = await offices.stub.CheckEnterprise(request, metadata=offices.department())
    return {(one.measure_id, one.credit_code) for one in answer.measures}


def open_lifts(offices: OfficeWorld, code: str) -> list[OpenLift]:
    record = RestrictedReader(offices.world.batch.pool, offices.sweeper._law, offices.clock).read(code)
    assert record is not None
    return list(record.open_lifts)


async def test_a_trigger_is_met_by_the_facts_of_the_family_and_proposed_on_who_goes_on(offices: OfficeWorld) -> None:
    offices.world.tell(told(violation("third", OTHER), "v3"))
    assert offices.sweeper.propose_once() == 0  # two of one, one of the other
    merge(offices)
    assert (offices.sweeper.propose_once(), offices.sweeper.propose_once()) == (1, 0)
    (found,) = (await proposed(offices)).values()
    assert found.credit_code == OTHER
    assert sorted(found.steps[0].fact_ids) == sorted(
        [f"penalty:{CODE}:heavy", f"penalty:{CODE}:light", f"penalty:{OTHER}:third"]
    )


async def test_an_office_proposes_on_who_goes_on_and_what_was_open_can_only_be_dropped(offices: OfficeWorld) -> None:
    offices.world.tell(told(violation("third"), "v3"))
    assert offices.sweeper.propose_once() == 1
    of_the_merged = (await proposed(offices))[CODE].listing_id
    await offices.notify(of_the_merged)
    await offices.hear(of_the_merged)
    merge(offices)
    assert offices.sweeper.propose_once() == 1  # what can be decided no more is proposed on the other
    assert (await proposed(offices)).keys() == {OTHER}
    for call in (offices.decide(of_the_merged, measure_ids=[]), offices.propose("l2")):
        error = await refused(call)
        assert (error.code(), OTHER in (error.details() or "")) == (PRECONDITION, True)
    dropped = await offices.decide(of_the_merged, is_dropped=True, measure_ids=[])
    assert dropped.listing.state == model.LISTING_STATE_DROPPED
    assert offices.sweeper.propose_once() == 0
    assert (await offices.propose("l2", credit_code=OTHER)).steps[0].fact_ids == [EVIDENCE]
    merge(offices, "", 3)
    error = await refused(offices.propose("l3", credit_code=OTHER))
    assert f"no fact of {OTHER}" in (error.details() or "")


async def test_what_weighs_on_the_merged_binds_who_goes_on_until_it_is_lifted_everywhere(offices: OfficeWorld) -> None:
    await offices.list_it()
    await offices.propose("l2", **HONEST)
    await offices.decide("l2", measure_ids=["preferred-funds"])
    error = await refused(offices.end(reason=model.END_REASON_MERGED))
    assert (error.code(), "MergeEnterprise" in (error.details() or "")) == (PRECONDITION, True)
    assert (await checked(offices, OTHER), bool(await checked(offices, CODE, FUNDING))) == (set(), True)
    merge(offices)
    for code in (CODE, OTHER):
        assert await checked(offices, code) == {("limit-procurement", CODE)}
        assert await checked(offices, code, FUNDING) == set()  # an incentive is not inherited
    await who_goes_on_has_the_rights_of_the_merged(offices)
    await asyncio.to_thread(offices.drain)
    ended = await offices.end(reason=model.END_REASON_MERGED)
    for code in (CODE, OTHER):
        assert await checked(offices, code) == set()
        lifts = open_lifts(offices, code)
        assert {one.directive_id for one in lifts} == {one.directive_id for one in ended.directives}
        assert {one.credit_code for one in lifts} == {CODE}
    found = await offices.stub.VerifyMeasures(pb.VerifyMeasuresRequest(), metadata=offices.decider)
    assert list(found.faults) == []


async def who_goes_on_has_the_rights_of_the_merged(offices: OfficeWorld) -> None:
    successor, stranger = (offices.who(Role.MERCHANT, code, "") for code in (OTHER, "91330100799655058B"))
    reads: list[tuple[Any, Any]] = [
        (offices.stub.GetListing, pb.GetListingRequest(listing_id="l1")),
        (offices.stub.ListMeasures, pb.ListMeasuresRequest(credit_code=CODE)),
        (offices.stub.ListLookups, pb.ListLookupsRequest(credit_code=CODE)),
        (offices.stub.FileObjection, pb.FileObjectionRequest(request_id=rid(), listing_id="l1", grounds="不属实")),
    ]
    for call, request in reads:
        assert (await refused(call(request, metadata=stranger))).code() is grpc.StatusCode.PERMISSION_DENIED
        await call(request, metadata=successor)
