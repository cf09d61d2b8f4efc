"""The registry over a real server and database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import grpc
import psycopg
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot
from merchantcredit.registry.v1 import registry_service_pb2 as pb
from merchantcredit.registry.v1 import registry_service_pb2_grpc as rpc

from services.common.auth.actor import Role
from services.common.clock import FixedClock
from services.registry.bootstrap import serving
from tests.integration.grpc_fixtures import Served, serve

pytestmark = pytest.mark.both_majors

CODE = "91520900MA6GN48P46"
OTHER = "9152000071430580XT"
CLOCK = FixedClock(datetime(2026, 6, 15, 4, tzinfo=UTC))


@pytest.fixture
async def served(dsn: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with serve(tmp_path, lambda: [serving(dsn, CLOCK)]) as running:
        yield running


def stub(served: Served) -> rpc.RegistryServiceStub:
    return rpc.RegistryServiceStub(served.channel)


def snapshot(code: str = CODE, **fields: object) -> EnterpriseSnapshot:
    given = {
        "name": "云上艾珀（贵州）技术有限公司",
        "established_on": "2018-01-05",
        "status": 1,
        "region_code": "520900",
    }
    return EnterpriseSnapshot(credit_code=code, **{**given, **fields})  # type: ignore[arg-type]


async def refused(call: object) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call  # type: ignore[misc]
    status = rpc_status.from_call(caught.value)
    info, fields = error_details_pb2.ErrorInfo(), {}
    for detail in status.details:
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(bad):
            fields = {v.field: v.description for v in bad.field_violations}
        detail.Unpack(info)
    return caught.value.code(), info.reason, fields


async def test_an_enterprise_is_registered_read_and_announced(served: Served, dsn: str) -> None:
    office = served.token(Role.OFFICE)
    request = pb.RegisterEnterpriseRequest(request_id="r1", registration=snapshot(f" {CODE.lower()} "))
    first = await stub(served).RegisterEnterprise(request, metadata=office)
    again = await stub(served).RegisterEnterprise(request, metadata=office)
    assert first == again
    assert first.enterprise.registration.revision == 1
    read = await stub(served).GetEnterprise(pb.GetEnterpriseRequest(credit_code=CODE))
    assert read.enterprise == first.enterprise
    with psycopg.connect(dsn) as conn:
        rows = conn.execute("SELECT key, headers->>'ce_id', payload FROM eventlog.message").fetchall()
        actors = conn.execute("SELECT subject, office FROM registry.enterprise_revision").fetchall()
    assert [(key, event) for key, event, _ in rows] == [(CODE, f"{CODE}:1")]
    assert EnterpriseSnapshot.FromString(rows[0][2]) == read.enterprise.registration
    assert actors == [("tester", "office office")]


async def test_a_request_id_with_another_body_is_refused(served: Served) -> None:
    office = served.token(Role.OFFICE)
    await stub(served).RegisterEnterprise(
        pb.RegisterEnterpriseRequest(request_id="r1", registration=snapshot()), metadata=office
    )
    other = pb.RegisterEnterpriseRequest(request_id="r1", registration=snapshot(name="另一家有限公司"))
    assert (await refused(stub(served).RegisterEnterprise(other, metadata=office)))[:2] == (
        grpc.StatusCode.ALREADY_EXISTS,
        "REQUEST_ID_REUSED",
    )


async def test_a_stale_etag_is_refused_and_validate_only_writes_nothing(served: Served) -> None:
    office = served.token(Role.OFFICE)
    only = pb.RegisterEnterpriseRequest(request_id="v", registration=snapshot(), validate_only=True)
    assert (await stub(served).RegisterEnterprise(only, metadata=office)).enterprise.registration.revision == 1
    assert (await refused(stub(served).GetEnterprise(pb.GetEnterpriseRequest(credit_code=CODE))))[1] == "NOT_FOUND"
    stale = pb.RegisterEnterpriseRequest(request_id="e", registration=snapshot(), etag="r7")
    assert (await refused(stub(served).RegisterEnterprise(stale, metadata=office)))[1] == "VERSION_CONFLICT"


async def test_every_wrong_field_is_named(served: Served) -> None:
    wrong = snapshot(name=" ", region_code="52", established_on="2026-02-30", status=0, registered_capital_fen=-1)
    request = pb.RegisterEnterpriseRequest(request_id="r", registration=wrong)
    code, reason, fields = await refused(stub(served).RegisterEnterprise(request, metadata=served.token(Role.OFFICE)))
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert set(fields) == {"name", "region_code", "established_on", "status", "registered_capital_fen"}


async def test_a_batch_answers_row_by_row(served: Served) -> None:
    office = served.token(Role.OFFICE)
    rows = [snapshot(), snapshot("91520900MA6GN48P47"), snapshot(OTHER, name="贵州茅台酒股份有限公司")]
    request = pb.BatchRegisterEnterprisesRequest(request_id="b", registrations=rows)
    answer = await stub(served).BatchRegisterEnterprises(request, metadata=office)
    assert (answer.changed_count, answer.unchanged_count, answer.refused_count) == (2, 0, 1)
    assert answer.results[1].error_field == "credit_code"
    again = await stub(served).BatchRegisterEnterprises(request, metadata=office)
    assert (again.changed_count, again.unchanged_count, again.refused_count) == (0, 2, 1)


async def test_pages_follow_the_codes_and_tokens_are_bound_to_the_query(served: Served) -> None:
    rows = [snapshot(), snapshot(OTHER, region_code="520300")]
    await stub(served).BatchRegisterEnterprises(
        pb.BatchRegisterEnterprisesRequest(request_id="b", registrations=rows), metadata=served.token(Role.OFFICE)
    )
    first = await stub(served).ListEnterprises(pb.ListEnterprisesRequest(page_size=1))
    second = await stub(served).ListEnterprises(
        pb.ListEnterprisesRequest(page_size=1, page_token=first.next_page_token)
    )
    codes = [e.registration.credit_code for page in (first, second) for e in page.enterprises]
    assert codes == sorted([CODE, OTHER])
    assert second.next_page_token == ""
    foreign = pb.ListEnterprisesRequest(page_token=first.next_page_token, region_prefix="52")
    assert (await refused(stub(served).ListEnterprises(foreign)))[1] == "INVALID_PAGE_TOKEN"
