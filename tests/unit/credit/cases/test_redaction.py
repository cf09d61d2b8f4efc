"""Redaction: planted identities never come out, and what names nobody stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.credit.domain.cases.redaction import kinds_in, redact

digits = st.sampled_from("0123456789")


def numbers(prefixes: list[str], length: int) -> st.SearchStrategy[str]:
    return st.builds(
        lambda p, rest: (p + rest)[:length],
        st.sampled_from(prefixes),
        st.text(digits, min_size=length, max_size=length),
    )


def spread(number: str, mark: str) -> str:
    return mark.join([number[:3], number[3:7], number[7:]])


mobiles = numbers(["13", "15", "17", "19"], 11)
phones = st.builds(spread, mobiles, st.sampled_from(["", " ", "-"])) | st.builds(
    "0851-{}".format, numbers(["8", "5"], 8)
)
identities = st.builds(
    "{}{}{}{}{}".format, numbers(["52", "11"], 6), st.integers(1940, 2015), st.sampled_from(["0101", "1231", "0615"]),
    numbers(["0", "9"], 3), st.sampled_from([*"0123456789X"]),
)  # fmt: skip
cards = numbers(["62", "4", "55"], 16) | numbers(["62"], 19)
plates = st.builds(
    "{}{}{}".format,
    st.sampled_from("贵京粤"),
    st.sampled_from(["A", "C·"]),
    st.sampled_from(["12345", "F8K21", "D12345"]),
)
wechats = st.from_regex(r"[a-z][a-z0-9_-]{5,12}", fullmatch=True)
addresses = st.builds(
    "{}{}号{}单元{}室".format, st.sampled_from(["贵阳市云岩区中华北路", "遵义市红花岗区海尔大道", "花果园小区"]),
    st.integers(1, 999), st.integers(1, 9), st.integers(101, 3305),
)  # fmt: skip
names = st.sampled_from(["张伟", "王小红", "欧阳修文", "李国强", "韦小宝"])

planted = st.one_of(
    st.tuples(st.sampled_from(["电话{}", "请打{}找我", "手机号：{}，"]), phones),
    st.tuples(st.sampled_from(["身份证{}", "证件号码 {} 已经上传"]), identities),
    st.tuples(st.sampled_from(["退到{}", "银行卡号是{}。"]), cards),
    st.tuples(st.sampled_from(["车牌{}", "开着{}去店里"]), plates),
    st.tuples(st.sampled_from(["微信：{}", "加我微信号{}", "VX {}", "QQ是{}"]), wechats),
    st.tuples(st.sampled_from(["我住在{}", "地址：{}，", "寄到{}"]), addresses),
    st.tuples(st.sampled_from(["我叫{}，", "联系人：{}。", "姓名：{} 电话", "收货人{},"]), names),
)
fillers = st.sampled_from(["", "商家不退款", "卖家说三天发货。", "订单已付款，", "ok ", "质量很差！"])


@settings(max_examples=500)
@given(st.lists(st.tuples(fillers, planted), min_size=1, max_size=4), fillers)
def test_no_planted_identity_comes_out(parts: list[tuple[str, tuple[str, str]]], end: str) -> None:
    text = "。".join(filler + frame.format(secret) for filler, (frame, secret) in parts) + "。" + end
    shown = redact(text)
    for _, (_, secret) in parts:
        assert secret not in shown, (text, shown)
    assert kinds_in(text)
    assert kinds_in(shown) == frozenset(), shown


@given(st.text(max_size=200))
def test_redacting_again_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026年3月15日下单,收到的衣服有破洞,商家拒绝退货。",
        "订单金额1299.00元,承诺48小时发货,实际15天未发货",
        "要求退一赔三,共计3897元",
        "快递单号SF123456",
        "订单号 4710 没有更新",
        "",
    ],
)
def test_what_names_nobody_stays(text: str) -> None:
    assert redact(text) == text


def test_a_title_gives_the_name_before_it_away() -> None:
    assert redact("客服王先生说不能退") == "客服■■■先生说不能退"


def test_full_width_digits_are_digits() -> None:
    assert "１３８" not in redact("电话１３８１２３４５６７８")
    assert redact("电话１３８１２３４５６７８") == "电话■■■"
