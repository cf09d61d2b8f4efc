"""Registered capital as registries write it."""

import pytest

from services.common.errors import InvalidInput
from services.common.kernel.fen import Amount, parse_capital


def test_a_unit_in_two_brackets_is_read() -> None:
    assert parse_capital("1,000(万元(人民币))") == Amount(1_000_000_000, "CNY")


def test_an_amount_without_a_unit_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no amount with a unit"):
        parse_capital("300()")
