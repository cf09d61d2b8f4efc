"""Rows to events: envelopes and flat rows, ids from content, units, words, and errors that name the field."""

import pytest
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported
from merchantcredit.events.v1.violation_pb2 import PenaltyKind, ViolationReported
from merchantcredit.events.v1.volume_pb2 import VolumeReported

from services.cli.loading import events
from services.cli.loading.columns import Columns
from services.common.errors import InvalidInput
from services.common.eventlog import cloudevents
from services.common.eventlog.port import Message

CODE = "91520100MAY0988867"
SOURCE = "//office.example"
VOLUME = {"credit_code": CODE, "platform_code": "p1", "month": "2026-01", "orders": 5}
PENALTY = {"CF_WSH": "演示1号", "CF_XDR_SHXYM": CODE, "CF_CFLB": "罚款", "CF_JDRQ": "2026-03-01"}
COMPLAINT = {
    "case_id": "C-1",
    "credit_code": CODE,
    "kind": "DISPUTE",
    "status": "COMPLAINT_STATUS_AGREED",
    "received_on": "2026-02-01",
    "status_on": "2026-02-20",
}


def _of(kind: str, fields: dict[str, object], source: str = SOURCE) -> Message:
    intake = events.INTAKES[kind]
    return events.of_row(intake, Columns(intake.aliases), fields, source)


def test_an_envelope_keeps_its_id_source_and_time() -> None:
    fields = {"id": "e1", "source": "//p.example", "time": "2026-02-01T08:00:00+08:00", "data": VOLUME}
    told = cloudevents.parse(_of("volumes", fields, source="").headers)
    assert (told.event_id, told.source, told.event_type) == ("e1", "//p.example", events.INTAKES["volumes"].topic)
    assert told.time.isoformat() == "2026-02-01T00:00:00+00:00"


def test_a_flat_row_gets_the_same_id_each_time_and_another_for_another_content() -> None:
    first, again, other = _of("volumes", VOLUME), _of("volumes", VOLUME), _of("volumes", VOLUME | {"orders": 6})
    assert first == again
    assert first.headers["ce_id"] != other.headers["ce_id"]
    assert first.key == CODE


def test_the_same_content_of_another_source_is_another_event() -> None:
    assert _of("volumes", VOLUME).headers["ce_id"] != _of("volumes", VOLUME, "//other.example").headers["ce_id"]


@pytest.mark.parametrize(
    ("kind", "fields", "time"),
    [
        ("complaints", COMPLAINT, "2026-02-19T16:00:00+00:00"),
        ("complaints", {k: v for k, v in COMPLAINT.items() if k != "status_on"}, "2026-01-31T16:00:00+00:00"),
        ("violations", PENALTY, "2026-02-28T16:00:00+00:00"),
        ("volumes", VOLUME, "2025-12-31T16:00:00+00:00"),
    ],
)
def test_a_row_without_time_has_that_of_its_day(kind: str, fields: dict[str, object], time: str) -> None:
    assert _of(kind, fields).headers["ce_time"] == time


def test_a_complaint_of_words() -> None:
    found = ComplaintReported.FromString(_of("complaints", COMPLAINT | {"response": "按时", "涉及金额": "19.90"}).value)
    assert (found.kind, found.status, found.response, found.disputed_amount_fen) == (1, 4, 1, 1990)


def test_a_gazette_row_is_in_ten_thousand_yuan_and_becomes_fen() -> None:
    found = ViolationReported.FromString(_of("violations", PENALTY | {"CF_NR_FK": "0.300000"}).value)
    assert (found.penalty_kind, found.fine_fen) == (PenaltyKind.PENALTY_KIND_FINE, 300_000)
    assert not found.HasField("confiscated_fen")


def test_a_volume_without_amount_has_none() -> None:
    assert not VolumeReported.FromString(_of("volumes", VOLUME).value).HasField("amount_fen")


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        ("volumes", VOLUME | {"orders": -1}, "orders"),
        ("volumes", VOLUME | {"orders": 1_000_000_001}, "orders"),
        ("volumes", VOLUME | {"month": "2026-13"}, "month"),
        ("volumes", VOLUME | {"platform_code": ""}, "platform_code"),
        ("volumes", VOLUME | {"credit_code": "1"}, "credit_code"),
        ("volumes", VOLUME | {"time": "2026-01-01T00:00:00"}, "time"),
        ("volumes", {"data": VOLUME | {"order": 1}}, "data.order"),
        ("complaints", COMPLAINT | {"case_id": "C 1"}, "case_id"),
        ("complaints", COMPLAINT | {"kind": ""}, "kind"),
        ("complaints", COMPLAINT | {"status": "DONE"}, "status"),
        ("complaints", COMPLAINT | {"received_on": ""}, "received_on"),
        ("violations", PENALTY | {"CF_NR_FK": "0.0000001"}, "fine_wan_yuan"),
        ("violations", PENALTY | {"fine_fen": "-1"}, "fine_fen"),
        ("violations", PENALTY | {"fine_fen": "NaN"}, "fine_fen"),
        ("violations", PENALTY | {"CF_WSH": "x" * 129}, "document_number"),
    ],
)
def test_what_is_wrong_is_named(kind: str, fields: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        _of(kind, fields)
    assert refused.value.violations[0].field == field


def test_a_row_without_source_is_refused() -> None:
    with pytest.raises(InvalidInput, match="source"):
        _of("volumes", VOLUME, source="")
