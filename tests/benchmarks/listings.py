"""The decision of a listing as the benchmarks make it: by use case, and as a request."""

from merchantcredit.credit.v1 import punishment_service_pb2 as pb

from services.common.auth.actor import Actor, Role
from services.common.clock import china_day
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import StepKind
from tests.benchmarks import punishing as p


def decision(listing_id: str) -> tuple[Actor, str, Step]:
    """Return who decides which listing, and the step."""
    decider = Actor(subject="decider", office=p.OFFICE, roles=frozenset({Role.REGULATOR}))
    step = Step(
        kind=StepKind.DECIDE, day=china_day(p.CLOCK.now()), actor="decider", office=p.OFFICE, document_number="d",
        reasons="r", measure_ids=p.MEASURES,
    )  # fmt: skip
    return decider, listing_id, step


def decision_request(listing_id: str) -> pb.DecideListingRequest:
    """Return the request that decides a listing."""
    return pb.DecideListingRequest(
        request_id=f"d-{listing_id}", listing_id=listing_id, document_number="d", reasons="r", measure_ids=p.MEASURES
    )
