"""What protobuf lets through is refused by the name of its field."""

from enum import IntEnum

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from merchantcredit.credit.v1.punishment_service_pb2 import ProposeListingRequest, ReportDirectiveRequest

from services.common.errors import InvalidInput
from services.common.wire import check_texts, known, moment


class Colour(IntEnum):
    RED = 1
    GREEN = 2


def test_a_text_with_nul_is_named_wherever_it_stands() -> None:
    check_texts(ProposeListingRequest(reasons="r", fact_ids=["a"]))
    told = ReportDirectiveRequest()
    told.feedback.result = "a\x00b"
    for message, field in ((told, "feedback.result"), (ProposeListingRequest(fact_ids=["a", "\x00"]), "fact_ids")):
        with pytest.raises(InvalidInput) as refused:
            check_texts(message)
        assert refused.value.violations[0].field == field


def test_a_number_without_a_name_and_a_moment_of_no_calendar_are_named() -> None:
    assert known(Colour, 2, "colour") is Colour.GREEN
    with pytest.raises(InvalidInput, match="colour: give one of RED, GREEN"):
        known(Colour, 3, "colour")
    assert moment(Timestamp(seconds=0), "at").year == 1970
    with pytest.raises(InvalidInput, match="at: lies outside"):
        moment(Timestamp(seconds=10**15), "at")
