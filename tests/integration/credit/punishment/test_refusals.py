"""Refused by name, with nothing changed: what protobuf lets through, persons in words, the wrong office, an objection that nobody filed."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from merchantcredit.credit.v1 import punishment_pb2 as model
from merchantcredit.credit.v1 import punishment_service_pb2 as pb
from merchantcredit.credit.v1.webhook_service_pb2 import CreateWebhookRequest
from merchantcredit.credit.v1.webhook_service_pb2_grpc import WebhookServiceStub

from services.common.auth.actor import Role
from tests.integration.credit.punishment.office_world import OfficeWorld, office_world, refused, rid
from tests.integration.credit.world import CODE, told, violation

INVALID = grpc.StatusCode.INVALID_ARGUMENT


@pytest.fixture
async def offices(dsn: str, tmp_path: Path) -> AsyncIterator[OfficeWorld]:
    async with office_world(dsn, tmp_path) as made:
        await made.list_it()
        yield made


def kept(offices: OfficeWorld) -> list[tuple[Any, ...]]:
    query = "SELECT (SELECT count(*) FROM credit.listing_step), (SELECT count(*) FROM eventlog.message)"
    return offices.world.rows(query)


async def test_what_protobuf_lets_through_is_refused_by_name(offices: OfficeWorld) -> None:
    before, stub, office = kept(offices), offices.stub, offices.decider
    webhooks: Any = WebhookServiceStub(offices.served.channel)
    beyond = pb.ListMeasuresRequest(credit_code=CODE)
    beyond.at_time.seconds = 10**15
    unknown: Any = 99
    calls = {
        "reason": stub.EndListing(pb.EndListingRequest(listing_id="l1", reason=unknown), metadata=office),
        "purpose": stub.CheckEnterprise(pb.CheckEnterpriseRequest(credit_code=CODE, purpose=unknown), metadata=office),
        "severity": offices.propose("l2", severity=unknown),
        "reasons": offices.propose("l2", reasons="a\x00b"),
        "fact_ids": offices.propose("l2", fact_ids=["a\x00b"]),
        "at_time": stub.ListMeasures(beyond, metadata=office),
        "listing_id": stub.GetListing(pb.GetListingRequest(listing_id="\x00"), metadata=office),
        "content": webhooks.CreateWebhook(
            CreateWebhookRequest(request_id="r", url="https://1.1.1.1/", content=unknown), metadata=office
        ),
    }
    for field, call in calls.items():
        error = await refused(call)
        assert (error.code(), (error.details() or "").split(":")[0]) == (INVALID, field)
    assert kept(offices) == before


async def test_no_person_stands_in_the_words_of_a_step(offices: OfficeWorld) -> None:
    before = kept(offices)
    objection = pb.FileObjectionRequest(request_id=rid(), listing_id="l1", grounds="不是我店，请打13912345678")
    error = await refused(offices.stub.FileObjection(objection, metadata=offices.merchant))
    assert (error.code(), (error.details() or "")[:26]) == (INVALID, "grounds: it holds a mobile")
    assert kept(offices) == before


async def test_an_office_below_the_one_that_listed_ends_nothing(offices: OfficeWorld) -> None:
    before = kept(offices)
    below = offices.who(Role.REGULATOR, "below", "market-regulation-520900")
    end = pb.EndListingRequest(
        request_id=rid(), listing_id="l1", document_number="撤", reason=model.END_REASON_ANNULLED
    )
    error = await refused(offices.stub.EndListing(end, metadata=below))
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    assert "market-regulation-520000 decided" in (error.details() or "")
    assert kept(offices) == before


async def test_a_heavier_penalty_since_then_bars_early_removal(offices: OfficeWorld) -> None:
    offices.clock.moment = datetime(2027, 7, 1, tzinfo=UTC)
    heavy = {"severity": 3, "penalty_kind": 5, "decided_on": "2027-05-01"}
    offices.world.tell(told(violation("another", **heavy), "v9"))
    error = await refused(offices.end(reason=model.END_REASON_EARLY_REMOVAL))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert f"penalty:{CODE}:another" in (error.details() or "")
    revoked = told(violation("another", state=2, **heavy), "v10", at=datetime(2027, 6, 1, tzinfo=UTC))
    offices.world.tell(revoked)
    assert (await offices.end(reason=model.END_REASON_EARLY_REMOVAL)).listing.state == model.LISTING_STATE_ENDED


async def test_an_objection_that_nobody_filed_is_not_decided(offices: OfficeWorld) -> None:
    before = kept(offices)
    for is_upheld in (True, False):
        decision = pb.DecideObjectionRequest(
            request_id=rid(), listing_id="l1", document_number="异", is_upheld=is_upheld, reasons="r"
        )
        error = await refused(offices.stub.DecideObjection(decision, metadata=offices.second))
        assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert kept(offices) == before
