"""双公示 files of penalties: their columns, 万元 to fen exactly, and nothing of a person taken along."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from merchantcredit.events.v1.violation_pb2 import PenaltyKind, ViolationReported

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


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"CF_CFLB1": "警告", "CF_CFLB2": "罚款"}, "FINE"),
        ({"CF_CFLB": "罚款;没收违法所得、没收非法财物"}, "CONFISCATION"),
        ({"CF_CFLB": "罚款；责令停产停业"}, "RESTRICTION"),
        ({"CF_CFLB": "其他-警告"}, "WARNING"),
        ({"CF_CFLB": "其他-其他"}, "OTHER"),
        ({"CF_CFLB": "通报批评"}, "CRITICISM"),
        ({"CF_CFLB": "警告、通报批评"}, "CRITICISM"),
        ({"CF_CFLB": "暂扣或者吊销许可证"}, "LICENCE"),
    ],
)
def test_a_decision_is_known_by_the_heaviest_of_its_kinds(cells: dict[str, str], kind: str) -> None:
    plain = {name: value for name, value in row(2018).items() if name != "CF_CFLB"}
    assert PenaltyKind.Name(loaded({**plain, **cells}).penalty_kind) == f"PENALTY_KIND_{kind}"


@pytest.mark.parametrize(
    ("result", "fine", "confiscated"),
    [
        ("罚款20000元", 2_000_000, None),
        ("处罚款人民币1.5万元，没收违法所得3,000.50元", 1_500_000, 300_050),
        ("没收非法财物", None, None),
        ("警告", None, None),
    ],
)
def test_the_form_of_2015_says_amounts_in_words(result: str, fine: int | None, confiscated: int | None) -> None:
    told = loaded({**row(2015, CF_JG=result), "CF_NR_FK": ""})
    assert told.HasField("fine_fen") == (fine is not None)
    assert told.HasField("confiscated_fen") == (confiscated is not None)
    assert (told.fine_fen, told.confiscated_fen) == (fine or 0, confiscated or 0)


@pytest.mark.parametrize(
    ("told", "state"),
    [("0", 0), ("", 0), ("1", 2), ("2", 0), ("撤销", 2), ("REPAIRED", 3)],
)
def test_the_state_of_the_form_revokes_and_says_nothing_of_what_nobody_touched(told: str, state: int) -> None:
    assert loaded(row(2015, CF_ZT=told)).state == state


def test_days_time_stamps_and_the_class_are_read_as_they_are_written() -> None:
    fields = row(2015, CF_JDRQ="2026/5/2", SJC="2026/05/20 08:30:00", BZ="失信等级：严重")
    message = events.of_row(INTAKE, Columns(INTAKE.aliases), fields, "//enforcement.test")
    told = ViolationReported.FromString(message.value)
    assert (told.decided_on, told.severity) == ("2026-05-02", 3)
    assert message.headers["ce_time"] == "2026-05-20T00:30:00+00:00"


def test_without_a_code_the_name_waits_for_a_person_and_a_natural_person_is_refused() -> None:
    nameless = {**row(2018), "CF_XDR_SHXYM": "", "CF_XDR_MC": "云上艾珀（贵州）技术有限公司"}
    told = loaded(nameless)
    assert (told.credit_code, told.respondent.name) == ("", "云上艾珀（贵州）技术有限公司")
    with pytest.raises(InvalidInput, match="CF_XDR_LB"):
        loaded({**nameless, "CF_XDR_MC": "张植入", "CF_XDR_LB": "自然人"})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"CF_CFLB1": "罚金"}, "penalty_kind"),
        ({"CF_ZT": "3"}, "CF_ZT"),
        ({"SJC": "昨天"}, "SJC"),
        ({"CF_JDRQ": "2026-13-01"}, "decided_on"),
        ({"CF_NR_FK": "", "CF_JG": "罚款若干"}, "CF_JG"),
        ({"CF_NR_FK": "", "CF_JG": "对甲罚款100元，对乙罚款200元"}, "CF_JG"),
    ],
)
def test_what_a_form_does_not_tell_is_refused_by_its_column(fields: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        loaded(row(2015, **fields))


def test_a_correction_by_file_is_later_and_can_be_corrected_back() -> None:
    def put(told_at: str, fine: str) -> tuple[str, str]:
        fields = row(2018, CF_NR_FK=fine)
        headers = events.of_row(INTAKE, Columns(INTAKE.aliases), fields, "//enforcement.test", told_at).headers
        return headers["ce_id"], headers["ce_time"]

    days = [f"2026-05-2{day}T00:00:00+08:00" for day in (1, 2, 3)]
    accounts = [put(day, fine) for day, fine in zip(days, ("1", "2", "1"), strict=True)]
    assert len({event_id for event_id, _ in accounts}) == 3
    assert accounts == sorted(accounts, key=lambda account: account[1])
    assert put(days[0], "1") == accounts[0]
