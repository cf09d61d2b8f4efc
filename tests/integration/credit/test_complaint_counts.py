"""Statistics of complaints from the ledger, for offices and the public, and the overdue cases of each office."""

from typing import Any

import grpc
import pytest
from merchantcredit.credit.v1 import complaint_service_pb2 as pb
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported

from services.common.auth.actor import Role
from tests.integration.credit import test_complaint_public as public
from tests.integration.credit.world import CODE, OTHER, World, complaint, enterprise, told
from tests.integration.grpc_fixtures import Served

quiet = public.quiet
stub = public.stub
MERCHANT, PLATFORM, REGION, MONTH = (
    pb.STATISTICS_DIMENSION_MERCHANT, pb.STATISTICS_DIMENSION_PLATFORM,
    pb.STATISTICS_DIMENSION_REGION, pb.STATISTICS_DIMENSION_MONTH,
)  # fmt: skip
AGREED, TERMINATED, RECEIVED, WITHDRAWN, IN_TIME, NONE = 4, 5, 1, 6, 1, 3


def cases() -> list[ComplaintReported]:
    """Return cases of two merchants: four in June, two in May, one a year before, and what weighs nothing."""
    return [
        complaint("a1", received_on="2026-06-02", status=AGREED, response=IN_TIME, platform_code="p1"),
        complaint("a2", received_on="2026-06-03", status=AGREED, response=IN_TIME, platform_code="p1"),
        complaint("a3", received_on="2026-06-04", status=TERMINATED, response=NONE, platform_code="p2"),
        complaint("a4", received_on="2026-05-04", status=AGREED, response=IN_TIME, platform_code="p1"),
        complaint("a5", received_on="2025-06-30", status=AGREED, response=IN_TIME, platform_code="p1"),
        complaint("a6", received_on="2026-06-05", status=WITHDRAWN, response=0, platform_code="p1"),
        complaint("a7", received_on="2026-06-06", status=RECEIVED, response=0, platform_code="p1"),
        complaint("a8", received_on="2026-06-06", kind=2, status=2, response=0),
        complaint("b1", OTHER, received_on="2026-05-07", status=AGREED, response=IN_TIME, platform_code="p1"),
    ]


async def counted(
    calls: Any, token: Any, *dimensions: int, code: str = ""
) -> dict[tuple[str, ...], pb.ComplaintCounts]:
    request = pb.GetComplaintStatisticsRequest(
        credit_code=code, first_month="2026-05", last_month="2026-06", dimensions=dimensions  # type: ignore[arg-type]
    )  # fmt: skip
    answer = await calls.GetComplaintStatistics(request, metadata=token)
    return {tuple(group.key): group for group in answer.groups}


async def test_an_office_counts_by_each_dimension_with_rates_and_growth(quiet: World, stub: tuple[Any, Served]) -> None:
    quiet.tell(
        told(enterprise(region_code="520111", revision=2), "r1"),
        *(told(case, case.case_id) for case in cases()),
    )
    calls, running = stub
    office = running.token(Role.OFFICE)
    by_merchant = await counted(calls, office, MERCHANT)
    mine = by_merchant[(CODE,)]
    assert (mine.received, mine.agreed, mine.failed, mine.void, mine.leads) == (6, 3, 1, 1, 1)
    assert (mine.mediation_success_permille, mine.response_in_time_permille) == (750, 750)
    assert (mine.growth_against_month_before_permille, mine.growth_against_year_before_permille) == (4000, 4000)
    assert not by_merchant[(OTHER,)].HasField("growth_against_year_before_permille")
    by_platform = await counted(calls, office, PLATFORM, MONTH)
    assert {key: group.received for key, group in by_platform.items() if group.received} == {
        ("p1", "2026-05"): 2, ("p1", "2026-06"): 4, ("p2", "2026-06"): 1,
    }  # fmt: skip
    assert by_platform["p1", "2026-06"].growth_against_month_before_permille == 1000
    by_region = await counted(calls, office, REGION)
    assert {key: group.received for key, group in by_region.items()} == {("520111",): 6, ("",): 1}
    assert {key: group.received for key, group in (await counted(calls, office)).items()} == {(): 7}


async def test_the_public_counts_what_is_published_of_one_merchant(quiet: World, stub: tuple[Any, Served]) -> None:
    quiet.tell(*(told(case, case.case_id) for case in cases()))
    calls, running = stub
    for token in ([], running.token(Role.AGENCY), running.token(Role.MERCHANT, OTHER)):
        ((_, seen),) = (await counted(calls, token, code=CODE)).items()
        assert (seen.received, seen.agreed, seen.failed, seen.void, seen.leads) == (4, 3, 1, 0, 0)
    ((_, own),) = (await counted(calls, running.token(Role.MERCHANT, CODE))).items()
    assert (own.received, own.void, own.leads) == (6, 1, 1)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await counted(calls, [])
    assert refused.value.details() == "credit_code: name a merchant: an office alone counts the cases of all"


async def test_overdue_cases_are_listed_by_the_office_that_lets_them_lie(
    quiet: World, stub: tuple[Any, Served]
) -> None:
    given = {"status": 2, "response": 0}
    quiet.tell(
        told(complaint("late", received_on="2026-02-02", handling_office="乌当", **given), "c1"),
        told(complaint("later", received_on="2026-01-05", handling_office="花溪", **given), "c2"),
        told(complaint("running", received_on="2026-06-08", handling_office="乌当", **given), "c3"),
        told(complaint("over", received_on="2026-01-05", handling_office="乌当", status=TERMINATED, status_on="2026-06-12"), "c4"),
    )  # fmt: skip
    calls, running = stub
    listed = {}
    for office in ("乌当", "花溪", ""):
        request = pb.ListComplaintsRequest(handling_office=office, only_overdue=True)
        page = await calls.ListComplaints(request, metadata=running.token(Role.OFFICE))
        listed[office] = [(line.complaint_id.rpartition(":")[2], line.due_on) for line in page.complaints]
    # 45 working days, from the receipt: the spring festival of 2026 and the two Saturdays worked for it are counted in
    assert listed == {
        "乌当": [("late", "2026-04-13")],
        "花溪": [("later", "2026-03-13")],
        "": [*listed["乌当"], *listed["花溪"]],
    }
