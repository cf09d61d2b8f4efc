"""Days, months and amounts as they are written."""

from datetime import date

import pytest

from services.common.errors import InvalidInput
from services.common.kernel import day, fen, region
from services.common.kernel.fen import Amount


@pytest.mark.parametrize("text", ["2026-02-30", "2026-1-1", "", "20260101", "2026-01-01T00:00"])
def test_what_is_no_day_is_refused_with_the_field(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        day.parse_day(text, "decided_on")
    assert refused.value.violations[0].field == "decided_on"


def test_months_are_added_by_the_calendar() -> None:
    assert day.add_months(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert day.add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,178.3792(万元)", Amount(1_178_379_200, "CNY")),
        ("500万人民币", Amount(500_000_000, "CNY")),
        ("100( 万元人民币元)", Amount(100_000_000, "CNY")),
        ("50(万美元)", Amount(50_000_000, "USD")),
        ("N/A", None),
        ("", None),
    ],
)
def test_capital_is_read_with_its_unit(text: str, amount: Amount | None) -> None:
    assert fen.parse_capital(text) == amount


@pytest.mark.parametrize("text", ["500", "about 5 万", "万元"])
def test_an_amount_without_number_or_unit_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        fen.parse_capital(text)


def test_an_address_names_its_prefecture() -> None:
    named = region.by_name("贵州省黔东南苗族侗族自治州黎平县德凤镇")
    assert named is not None
    assert named.code == "522600"
    assert region.lookup("522401") == region.lookup("520502")
