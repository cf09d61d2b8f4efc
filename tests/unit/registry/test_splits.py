"""What the register keeps of a split, and that who was never split is kept as before."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot

from services.common.clock import FixedClock
from services.common.errors import InvalidInput, NotFound
from services.registry.adapters.snapshot import from_bytes, to_snapshot
from services.registry.application.linking import among, past_day
from services.registry.application.ports import Registered
from services.registry.domain.enterprise import Draft, Enterprise, normalise

CODE = "91520900MA6GN48P46"
ORIGIN = "9152000071430580XT"
NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
TODAY = date(2026, 6, 15)


def enterprise() -> Enterprise:
    draft = Draft(
        credit_code=CODE,
        name="某某商贸有限公司",
        enterprise_type="有限责任公司",
        capital_fen=100,
        capital_currency="",
        region_code="520100",
        address="",
        business_scope="",
        established_on="2021-03-01",
        status=1,
        status_since="",
    )
    return normalise(draft, TODAY)


def test_a_split_is_kept_with_its_day() -> None:
    split = Registered(replace(enterprise(), split_from=ORIGIN, split_on=date(2021, 2, 1)), 2)
    message = to_snapshot(split)
    assert (message.split_from, message.split_on) == (ORIGIN, "2021-02-01")
    assert from_bytes(message.SerializeToString()) == split


def test_who_was_never_split_is_kept_byte_for_byte_as_before() -> None:
    kept = to_snapshot(Registered(enterprise(), 1)).SerializeToString()
    former = EnterpriseSnapshot(
        credit_code=CODE,
        name="某某商贸有限公司",
        enterprise_type="有限责任公司",
        registered_capital_fen=100,
        capital_currency="CNY",
        region_code="520100",
        established_on="2021-03-01",
        status=1,  # type: ignore[arg-type]
        revision=1,
    )
    assert kept == former.SerializeToString()
    assert (from_bytes(kept).enterprise.split_from, from_bytes(kept).enterprise.split_on) == ("", None)


def test_a_request_that_came_before_there_were_splits_has_the_same_digest() -> None:
    assert "split" not in repr(enterprise())


@pytest.mark.parametrize(("day", "why"), [("2026-06-16", "future"), ("soon", "YYYY-MM-DD"), ("", "YYYY-MM-DD")])
def test_a_day_that_cannot_be_is_refused_by_its_field(day: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=f"^split_on: .*{why}"):
        past_day(FixedClock(NOW), day, "split_on")


def test_today_is_a_day_of_a_split() -> None:
    assert past_day(FixedClock(NOW), TODAY.isoformat(), "split_on") == TODAY


def test_a_code_that_is_not_registered_is_named() -> None:
    with pytest.raises(NotFound) as caught:
        among({ORIGIN: Registered(enterprise(), 1)}, CODE)
    assert caught.value.metadata["resource_name"] == CODE
