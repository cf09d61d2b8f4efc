"""The system proposes on a trigger with its evidence, once, and decides nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from merchantcredit.credit.v1 import punishment_pb2 as model
from merchantcredit.credit.v1 import punishment_service_pb2 as pb

from tests.integration.credit.punishment.office_world import OfficeWorld, office_world, refused, rid
from tests.integration.credit.world import CODE, NOW, told, violation


@pytest.fixture
async def offices(dsn: str, tmp_path: Path) -> AsyncIterator[OfficeWorld]:
    async with office_world(dsn, tmp_path) as made:
        yield made


async def proposals(offices: OfficeWorld) -> list[model.Listing]:
    request = pb.ListListingsRequest(list_id="key-attention")
    return list((await offices.stub.ListListings(request, metadata=offices.decider)).listings)


async def test_a_third_violation_within_a_year_is_proposed_once_with_its_evidence(offices: OfficeWorld) -> None:
    assert offices.sweeper.propose_once() == 0  # two penalties are known of CODE
    offices.world.tell(told(violation("third"), "v3"))
    assert (offices.sweeper.propose_once(), offices.sweeper.propose_once()) == (1, 0)
    (found,) = await proposals(offices)
    assert (found.credit_code, found.state, found.due_step) == (CODE, model.LISTING_STATE_PROPOSED, "NOTIFY")
    assert sorted(found.steps[0].fact_ids) == [f"penalty:{CODE}:{name}" for name in ("heavy", "light", "third")]
    assert (found.steps[0].actor, found.steps[0].office) == ("", "")
    assert await offices.measures() == []
    assert await offices.check() == []


async def test_who_notified_may_not_decide_what_the_system_proposed(offices: OfficeWorld) -> None:
    offices.world.tell(told(violation("third"), "v3"))
    offices.sweeper.propose_once()
    (found,) = await proposals(offices)
    await offices.notify(found.listing_id)
    await offices.hear(found.listing_id)
    request = pb.DecideListingRequest(
        request_id=rid(), listing_id=found.listing_id, document_number="决", reasons="r", measure_ids=[]
    )
    error = await refused(offices.stub.DecideListing(request, metadata=offices.proposer))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    listed = await offices.stub.DecideListing(request, metadata=offices.decider)
    assert listed.listing.state == model.LISTING_STATE_PUBLISHED


async def test_what_was_dropped_is_proposed_again_only_on_something_new(offices: OfficeWorld) -> None:
    offices.world.tell(told(violation("third"), "v3"))
    offices.sweeper.propose_once()
    (first,) = await proposals(offices)
    request = pb.DecideListingRequest(
        request_id=rid(), listing_id=first.listing_id, document_number="不", reasons="r", is_dropped=True
    )
    await offices.stub.DecideListing(request, metadata=offices.decider)
    assert offices.sweeper.propose_once() == 0
    offices.clock.moment = NOW + timedelta(days=3)
    offices.world.tell(told(violation("fourth", decided_on="2026-06-16"), "v4"))
    assert offices.sweeper.propose_once() == 1
    assert len(await proposals(offices)) == 2


async def test_a_revoked_penalty_does_not_count(offices: OfficeWorld) -> None:
    offices.world.tell(told(violation("third", state=2), "v3"))
    assert offices.sweeper.propose_once() == 0
    assert await proposals(offices) == []
