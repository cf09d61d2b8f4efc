"""What a case's RPCs refuse: each by its status, with the field that is wrong and the fix, and the case as it was before."""

from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from merchantcredit.credit.v1 import complaint_service_pb2 as pb
from merchantcredit.events.v1 import complaint_pb2 as events

from services.common.auth.actor import Role
from tests.integration.credit import test_complaint_service as steps
from tests.integration.credit.test_complaint_service import CASE, Desk, until_listed
from tests.integration.credit.world import CODE, OTHER, World, complaint, told
from tests.integration.grpc_fixtures import Served

credit = steps.credit
served = steps.served
BAD, WRONG, FORBIDDEN = (
    grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.PERMISSION_DENIED,
)  # fmt: skip
MEGABYTE = 1 << 20
REFUND, REFUSE, NOT_MINE = (
    events.ANSWER_CATEGORY_AGREE_REFUND, events.ANSWER_CATEGORY_REFUSE_WITH_REASON, events.ANSWER_CATEGORY_NOT_MY_SHOP,
)  # fmt: skip
OLD, REPEAT, THEIRS = (f"complaint://12315.test:{name}" for name in ("old", "repeat", "theirs"))
#: Method, fields, the status, the field that is named, and a word of the fix.
OFFICES: tuple[tuple[str, dict[str, Any], grpc.StatusCode, str, str], ...] = (
    ("MediateComplaint", {}, WRONG, "step", "allowed is REFERRED, ACCEPTED, REFUSED"),
    ("RefuseComplaint", {"reason_code": "NO_TIME"}, BAD, "reason_code", "TIME_BARRED"),
    ("ReferComplaint", {}, BAD, "office", "name the office"),
    ("ReferComplaint", {"office": "王芳 13812345678"}, BAD, "target", "never a person"),
    ("MergeComplaint", {}, BAD, "into_complaint_id", "name the case"),
    ("MergeComplaint", {"into_complaint_id": CASE}, BAD, "into_complaint_id", "no part of itself"),
    ("MergeComplaint", {"into_complaint_id": THEIRS}, BAD, "into_complaint_id", "another merchant"),
    (
        "MergeComplaint",
        {"into_complaint_id": "complaint://x:y"},
        grpc.StatusCode.NOT_FOUND,
        "",
        "there is no complaint",
    ),
    ("TransferComplaint", {"right_credit_code": "X" * MEGABYTE}, BAD, "right_credit_code", ""),
    ("AcceptComplaint", {"complaint_id": OLD}, FORBIDDEN, "step.complaint_id", "refers it"),
)
MERCHANTS: tuple[tuple[str, dict[str, Any], grpc.StatusCode, str, str], ...] = (
    ("AnswerComplaint", {}, BAD, "category", "categories"),
    ("AnswerComplaint", {"category": REFUND, "complaint_id": OLD}, WRONG, "step.on", "due on 2026-03-17"),
    ("AnswerComplaint", {"category": REFUND, "public_statement": "长" * (MEGABYTE // 3)}, BAD, "public_statement", "500"),
    ("AnswerComplaint", {"category": REFUND, "public_statement": "<img src=x>"}, BAD, "public_statement", "plain text"),
    ("AnswerComplaint", {"category": REFUND, "public_statement": "证件520102199001011234"}, BAD, "public_statement", "name no"),
    ("AnswerComplaint", {"category": REFUSE}, BAD, "public_statement", "reason"),
    ("AnswerComplaint", {"category": NOT_MINE}, BAD, "right_credit_code", ""),
    ("AnswerComplaint", {"category": NOT_MINE, "right_credit_code": CODE}, BAD, "right_credit_code", "shop's operator"),
)  # fmt: skip


async def test_each_refusal_names_the_field_and_the_fix_and_changes_nothing(served: Served, credit: World) -> None:
    credit.log.publish(
        [
            told(complaint("old", status=2, response=0, received_on="2026-03-02", status_on="2026-03-03",
                           handling_office="花溪区市场监督管理局"), "old"),
            told(complaint("theirs", OTHER, status=1, response=0), "theirs"),
        ]
    )  # fmt: skip
    office, merchant = Desk(served, Role.OFFICE), Desk(served, Role.MERCHANT, CODE)
    await until_listed(office, 3)
    before = await office.call("GetComplaint", pb.GetComplaintRequest(complaint_id=CASE))
    for desk, faults in ((office, OFFICES), (merchant, MERCHANTS)):
        for method, fields, status, field, fix in faults:
            await refused(desk, method, fields, (status, field, fix))
    assert await office.call("GetComplaint", pb.GetComplaintRequest(complaint_id=CASE)) == before


async def test_a_repeat_becomes_part_of_a_case_that_is_part_of_none(served: Served, credit: World) -> None:
    credit.log.publish([told(complaint(name, status=1, response=0), name) for name in ("repeat", "again")])
    office = Desk(served, Role.OFFICE)
    await until_listed(office, 3)
    merged = await office.take("MergeComplaint", REPEAT, into_complaint_id=CASE)
    assert (merged.status, merged.weighs_as) == (events.COMPLAINT_STATUS_MERGED, events.COMPLAINT_STATUS_WITHDRAWN)
    fields = {"complaint_id": "complaint://12315.test:again", "into_complaint_id": REPEAT}
    await refused(office, "MergeComplaint", fields, (BAD, "into_complaint_id", f"name {CASE}"))


async def refused(desk: Desk, method: str, fields: dict[str, Any], wanted: tuple[grpc.StatusCode, str, str]) -> None:
    """Take a step that must be refused by a status, a field and words of the fix."""
    told_as, error = "", None
    try:
        await desk.take(method, **fields)
    except grpc.aio.AioRpcError as refusal:
        error = refusal
    assert error is not None, (method, fields)
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # an AioRpcError is read like a call
    assert status is not None, error
    for detail in status.details:
        told_as = told_as or field_of(detail)
    assert (error.code(), told_as) == wanted[:2], (method, error.details())
    assert wanted[2] in (error.details() or "")


def field_of(detail: Any) -> str:
    """Return the field that a detail of a status names; empty when it names none."""
    bad, info = error_details_pb2.BadRequest(), error_details_pb2.ErrorInfo()
    if detail.Unpack(bad):
        return bad.field_violations[0].field
    return info.metadata["field"] if detail.Unpack(info) and "field" in info.metadata else ""
