"""双公示 files of penalties: their columns, 万元 to fen exactly, and nothing of a person taken along."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from merchantcredit.events.v1.violation_pb2 import ViolationReported

from services.cli.loading import events
from services.cli.loading.columns import Columns
from services.common.errors import InvalidInput

INTAKE = events.INTAKES["violations"]
CODE = "91520900MA6GN48P46"
PERSON = {
    "CF_FRDB": "张植入", "CF_FR_ZJHM": "520102199001011234", "CF_XDR_ZJHM": "520102199001011234",
    "CF_FR_SFZH": "520102199001011234", "CF_XDR_SFZ": "520102199001011234",
}  # fmt: skip


def loaded(fields: dict[str, str]) -> ViolationReported:
    message = events.of_row(INTAKE, Columns(INTAKE.aliases), fields, "//enforcement.test")
    return ViolationReported.FromString(message.value)


def row(form: int, **fields: str) -> dict[str, str]:
    """Return a row of the form of 2015 or 2018."""
    kind, authority = ("CF_CFLB", "CF_CFJG") if form == 2018 else ("CF_CFLB1", "CF_XZJG")
    given = {"CF_WSH": "黔市监罚〔2026〕1号", "CF_XDR_SHXYM": CODE, kind: "罚款", authority: "贵阳市市场监督管理局"}
    return {**given, "CF_JDRQ": "2026-05-20", "CF_NR_FK": "1.000000", **fields}


@pytest.mark.parametrize("form", [2015, 2018])
@given(fen=st.integers(0, 10**13))
def test_a_fine_in_ten_thousand_yuan_is_the_same_in_fen(form: int, fen: int) -> None:
    told = loaded(row(form, CF_NR_FK=f"{Decimal(fen) / 1_000_000:.6f}"))
    assert (told.fine_fen, told.credit_code, told.document_number) == (fen, CODE, "黔市监罚〔2026〕1号")
    assert (told.penalty_kind, told.authority_name) == (2, "贵阳市市场监督管理局")


@pytest.mark.parametrize("form", [2015, 2018])
def test_what_names_a_person_is_not_taken_along(form: int) -> None:
    plain, with_person = loaded(row(form)), loaded(row(form, **PERSON))
    assert plain == with_person


@pytest.mark.parametrize("amount", ["0.0000001", "-1", "一万", "1e30"])
def test_an_amount_that_is_no_whole_fen_names_the_column(amount: str) -> None:
    with pytest.raises(InvalidInput, match="fine_wan_yuan"):
        loaded(row(2018, CF_NR_FK=amount))
