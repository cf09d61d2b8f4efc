"""Rows of registry extracts to registrations, on invented rows."""

import pytest
from merchantcredit.events.v1.enterprise_pb2 import OperatingStatus

from services.cli.loading import columns, registration
from services.cli.loading.columns import Columns
from services.common.errors import InvalidInput

ROW = {
    "name": " 贵阳云峤好物网络科技有限公司 ",
    "uscc": "91520100may0988867",
    "reg_date": "2016-11-27",
    "type": "",
    "capital": "1,178.3792(万元)",
    "province": "贵州",
    "city": "贵阳",
    "address": "贵州省贵阳市大数据创业园10栋129号",
    "scope": "互联网销售",
}


def _of(**changed: str) -> registration.EnterpriseSnapshot:
    return registration.of_fields(Columns(columns.REGISTRY).rename(ROW | changed))


def test_a_row_as_extracts_write_it() -> None:
    found = _of()
    assert found.credit_code == "91520100MAY0988867"
    assert found.name == "贵阳云峤好物网络科技有限公司"
    assert found.enterprise_type == ""
    assert (found.registered_capital_fen, found.capital_currency) == (1_178_379_200, "CNY")
    assert found.region_code == "520100"
    assert found.established_on == "2016-11-27"
    assert found.status == OperatingStatus.OPERATING_STATUS_OPERATING


@pytest.mark.parametrize("capital", ["", "N/A"])
def test_an_unknown_capital_is_absent_and_not_zero(capital: str) -> None:
    found = _of(capital=capital)
    assert not found.HasField("registered_capital_fen")
    assert found.capital_currency == ""


def test_a_capital_in_fen_is_taken_as_it_is() -> None:
    assert _of(capital="", registered_capital_fen="12345").registered_capital_fen == 12345


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"city": "N/A"}, "520100"),
        ({"city": "", "address": ""}, ""),
        ({"city": "", "province": "湖南"}, ""),
        ({"city": "黔东南"}, "522600"),
        ({"city": "金华"}, ""),
        ({"region_code": "520103"}, "520103"),
    ],
)
def test_the_region_is_the_citys_else_the_addresss_at_home(changed: dict[str, str], code: str) -> None:
    assert _of(**changed).region_code == code


@pytest.mark.parametrize(("word", "status"), [("注销", 3), ("吊销", 4), ("歇业", 7), ("存续", 1), ("DORMANT", 7)])
def test_the_status_is_read_in_either_language(word: str, status: int) -> None:
    assert _of(登记状态=word).status == status


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"uscc": "91520100MAY0988868"}, "credit_code"),
        ({"name": ""}, "name"),
        ({"reg_date": "2016/11/27"}, "established_on"),
        ({"capital": "很多"}, "capital"),
        ({"status": "飞升"}, "status"),
    ],
)
def test_what_is_wrong_is_named(changed: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        _of(**changed)
    assert refused.value.violations[0].field == field


def test_a_column_can_be_mapped() -> None:
    names = Columns(columns.REGISTRY, ["代码=credit_code"])
    assert names.rename({"代码": "x"}) == {"credit_code": "x"}
    with pytest.raises(InvalidInput, match="write COLUMN=FIELD"):
        Columns(columns.REGISTRY, ["代码=code"])


def test_a_header_without_a_needed_column_is_refused_at_once() -> None:
    with pytest.raises(InvalidInput, match="no column for credit_code among 企业名称, 代码: add --map"):
        Columns(columns.REGISTRY).check(["企业名称", "代码"], registration.REQUIRED)
